"""The OpenAPI document, made from the table of operations."""

import json
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from api import problems
from api.operations import JSON, Operation
from api.problems import ProblemBody
from api.wire import Call, Download, Wire

VERSION = "1.0.0"  # of the interface
ABOUT = (
    "Sales in, forecasts out. Every operation but health and this description needs a key as "
    "`Authorization: Bearer alm_...`; it is made on the page API keys, or with `python -m almanac "
    "keys create`. Days are days of the shop, moments are UTC. Errors are "
    "`application/problem+json`."
)
_REF = "#/components/schemas/{model}"


def read(call: Call[Wire, None]) -> Download:
    """The document as JSON."""
    return Download(content=_content(), kind=JSON, name="")


@cache
def _content() -> bytes:
    from api.table import OPERATIONS

    return json.dumps(document(OPERATIONS), ensure_ascii=False).encode()


def document(operations: tuple[Operation, ...]) -> dict[str, Any]:
    """OpenAPI 3.1 of the operations."""
    sent = [each.body for each in operations if each.body]
    got = [model for each in operations for model in (each.answer, each.row) if model]
    asked = [(model, "validation") for model in (*sent, *(each.params for each in operations))]
    answered = [(model, "serialization") for model in (*got, ProblemBody)]
    keys, definitions = models_json_schema([*asked, *answered], ref_template=_REF)  # type: ignore[list-item]
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, keys)
    named = {schema["$ref"].rsplit("/", 1)[-1] for schema in keys.values() if "$ref" in schema}
    parameters = {each.params.__name__ for each in operations}
    schemas = {
        name: schema
        for name, schema in definitions.get("$defs", {}).items()
        if name not in parameters or name not in named
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Almanac", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(each: Operation, keys: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.title,
        "description": " ".join(filter(None, [each.words, _scope_words(each)])),
        "parameters": parameters(each),
        "responses": {str(each.status): _answer(each, keys), **_problems(each)},
        "security": [{"key": []}] if each.scope else [],
    }
    if each.body is not None:
        schema = keys[each.body, "validation"]
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if each.upload:
        binary = {"schema": {"type": "string", "format": "binary"}}
        found["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(each.upload, binary),
        }
    return found


def _scope_words(each: Operation) -> str:
    return f"Needs the scope `{each.scope}`." if each.scope else "Needs no key."


def parameters(each: Operation) -> list[dict[str, Any]]:
    """Path, query and header parameters of an operation."""
    schema = each.params.model_json_schema(ref_template=_REF)
    needed = schema.get("required", [])
    found = []
    for name, field in schema.get("properties", {}).items():
        said = {key: value for key, value in field.items() if key not in ("title", "description")}
        is_path = name in each.path_names
        found.append(
            {
                "name": name,
                "in": "path" if is_path else "query",
                "required": is_path or name in needed,
                "description": field.get("description", ""),
                "schema": said,
            }
        )
    if each.is_idempotent_by_key:
        text = {"type": "string", "maxLength": 200, "pattern": r"^[\x21-\x7e]*$"}
        words = "Any text of the client's own; the request is done once for it."
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": words,
                "schema": text,
            }
        )
    return found


def _answer(each: Operation, keys: dict[Any, Any]) -> dict[str, Any]:
    if each.row is not None:
        row = keys[each.row, "serialization"]
        return {
            "description": each.title,
            "headers": {
                "Almanac-Next": {
                    "description": "Cursor of the next page, where there is one.",
                    "schema": {"type": "string"},
                }
            },
            "content": {
                kind: {"schema": _page(row) if kind == JSON else _text(kind)} for kind in each.kinds
            },
        }
    if each.answer is not None:
        schema = keys[each.answer, "serialization"]
        return {"description": each.title, "content": {JSON: {"schema": schema}}}
    return {
        "description": each.title,
        "content": {kind: {"schema": _text(kind)} for kind in each.kinds},
    }


def _page(row: dict[str, Any]) -> dict[str, Any]:
    """A page of rows with what they are of."""
    return {
        "type": "object",
        "required": ["rows", "next"],
        "properties": {
            "rows": {"type": "array", "items": row},
            "next": {"type": ["string", "null"], "description": "Send it as `cursor`."},
        },
    }


def _text(kind: str) -> dict[str, Any]:
    if kind == JSON:
        return {"type": "object"}
    return (
        {"type": "string"} if kind.startswith("text/") else {"type": "string", "format": "binary"}
    )


def _problems(each: Operation) -> dict[str, Any]:
    """What may go wrong with an operation."""
    kinds = ["not-acceptable", "invalid", "too-many", "failed", "unavailable"]
    kinds += ["unknown-key", "wrong-scope"] if each.scope else []
    kinds += ["not-found"] if each.path_names or each.body or each.row else []
    kinds += ["conflict"] if each.path_names or each.body or each.upload else []
    kinds += ["too-large", "wrong-kind"] if each.body or each.upload else []
    content = {problems.KIND: {"schema": {"$ref": _REF.format(model=ProblemBody.__name__)}}}
    return {
        str(problems.KINDS[kind].status): {
            "description": problems.KINDS[kind].title,
            "content": content,
        }
        for kind in sorted(kinds, key=lambda name: problems.KINDS[name].status)
    }
