"""docs/rest.md and docs/command-line.md, made from the table of operations and the parser.

python -m almanac.docs           # says whether they are up to date
python -m almanac.docs --write   # writes them anew
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from almanac.cli import parser
from almanac.errors import DONE, REFUSED

FOLDER = Path(__file__).parent.parent / "docs"

COMMANDS = """# Command line

`python -m almanac` does what the screens do, by the same functions, for people, scripts and cron.
While the app runs on the same folder (`ALMANAC_VAR`), a command asks it over its REST interface,
since one process alone may open the database; without one, it works on the folder itself. An app
elsewhere is named by `ALMANAC_URL` and a key for it by `ALMANAC_KEY` ([rest.md](rest.md)).

From a file to a forecast and a report, nothing but this installed:

```sh
python -m almanac ingest sales.csv --dataset Teas
python -m almanac quality Teas
python -m almanac fit Teas --models theta --level product --frequency W --horizon 4
python -m almanac backtest Teas --models theta --level product --horizon 4 --windows 1
python -m almanac export forecasts Teas --out forecast.csv
python -m almanac report Teas --out review.html --horizon 4
```

At night, when new sales have arrived, by the model in use or else the latest:

```sh
python -m almanac ingest new.csv --dataset Teas --quiet
python -m almanac forecast Teas --quiet
python -m almanac export forecasts Teas --out tomorrow.parquet --quiet
```

On a terminal there is progress; `--json` prints the answer as the REST interface gives it, and
`--quiet` only what went wrong. Exit codes: 0 done; 1 refused or failed; 2 wrong use; 3 no app, no
valid key, or the database is open elsewhere; 130 interrupted. Where no app runs, the command does
the jobs itself and waits for them.

This page is made by `python -m almanac.docs --write`.
"""

REST = """# REST interface

The app serves it beside its screens, at the same address: `http://127.0.0.1:8501/api/v1`, described
for machines in `/api/v1/openapi.json` (OpenAPI 3.1). Nobody is let in before a key is made:

```sh
python -m almanac keys create erp --scopes read,write,jobs
python -m almanac keys list
```

Send it as `Authorization: Bearer alm_...`. Scopes: `read` sees data and forecasts, `write` adds
sales, `jobs` starts and stops work. A key is shown once and kept as a hash; `keys revoke NUMBER`
ends it at once. A whole round of upload, wait, read and compare: [client.py](client.py).

- **Days** are ISO days as the shop counts them, without a time zone. **Moments** are UTC.
- **Tables** come as JSON, CSV or Parquet, by `Accept`. `next` (or the header `Almanac-Next`) is the
  `cursor` of the next page; pages of one answer are of one forecast.
- **Errors** are `application/problem+json`: `detail` says what is wrong and what to do, `errors`
  where. NaN and infinite numbers are refused; unknown values are `null`.
- **Sales** are kept whole or not at all. With an `Idempotency-Key` a request that is sent twice is
  done once, for 30 days.
- **Limits**: `ALMANAC_API_RATE` requests a second of each key (400), twice that at once, then 429
  with `Retry-After`; `ALMANAC_API_MEGABYTES` of a body (100), JSON at most 20.
- **Numbers for Prometheus** at `/api/v1/metrics`, with a key that may read.
- The interface listens where the app does: this machine alone, unless `--server.address` says
  otherwise. Beyond it, put a reverse proxy with TLS in front: keys travel in every request.

This page is made by `python -m almanac.docs --write`.
"""


def main() -> int:
    options = argparse.ArgumentParser(prog="almanac.docs", description=__doc__)
    options.add_argument("--write", action="store_true", help="write them anew")
    is_writing = options.parse_args().write
    stale = [name for name, text in pages().items() if not _is_current(name, text)]
    for name in stale:
        if is_writing:
            (FOLDER / name).write_text(pages()[name], encoding="utf-8")
        print(f"docs/{name} {'was written' if is_writing else 'is out of date'}")
    return REFUSED if stale and not is_writing else DONE


def pages() -> dict[str, str]:
    """The pages by their file names."""
    return {"command-line.md": command_line(), "rest.md": rest()}


def _is_current(name: str, text: str) -> bool:
    path = FOLDER / name
    return path.is_file() and path.read_text(encoding="utf-8") == text


def command_line() -> str:
    """The page of the commands."""
    (commands,) = [
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    parts = [COMMANDS]
    for name, each in commands.choices.items():
        parts.append(f"\n## {name}\n\n{each.description}\n")
        if lines := list(_option_lines(each)):
            parts.append("\n| | |\n|---|---|\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def _option_lines(command: argparse.ArgumentParser) -> Iterator[str]:
    """Every argument with its help, but those that all commands have."""
    for action in command._actions:
        if action.dest in ("help", "json", "quiet"):
            continue
        choices = "" if action.choices is None else "{" + ",".join(map(str, action.choices)) + "}"
        value = choices or str(action.metavar or action.dest.upper())
        if not action.option_strings:
            shown = f"[{value}]" if action.nargs == "?" else value
        else:
            needs_value = action.nargs != 0
            shown = action.option_strings[-1] + (f" {value}" if needs_value else "")
        needed = " (needed)" if action.required and action.option_strings else ""
        yield f"| `{_cell(shown)}` | {_cell(action.help or '')}{needed} |"


def rest() -> str:
    """The page of the operations."""
    from api import openapi
    from api.table import OPERATIONS

    parts = [REST, "\n## Operations\n\n| | | Scope |\n|---|---|---|\n"]
    for each in OPERATIONS:
        anchor = each.name.replace("_", "-")
        scope = each.scope if each.scope != "local" else "command line"
        parts.append(
            f"| [`{each.method} {each.path}`](#{anchor}) | {each.title} | {scope or 'none'} |\n"
        )
    for each in OPERATIONS:
        parts.append(
            f"\n### {each.name.replace('_', '-')}\n\n`{each.method} /api/v1{each.path}`  \n"
        )
        parts.append(f"{each.title}. {each.words}".rstrip() + "\n")
        if given := openapi.parameters(each):
            lines = "\n".join(_parameter(parameter) for parameter in given)
            parts.append(f"\n| Parameter | |\n|---|---|\n{lines}\n")
        if each.upload:
            parts.append(
                f"\nBody: a file, as one of {', '.join(f'`{kind}`' for kind in each.upload)}.\n"
            )
        for title, model in (("Body", each.body), ("Answer", each.answer), ("Row", each.row)):
            if model is not None:
                schema = model.model_json_schema()
                lines = "\n".join(_fields(schema, schema.get("$defs", {})))
                parts.append(f"\n| {title} | | |\n|---|---|---|\n{lines}\n")
        if each.files:
            parts.append(f"\nAnswer: {', '.join(f'`{kind}`' for kind in each.files)}.\n")
    return "".join(parts)


def _parameter(given: dict[str, Any]) -> str:
    """A row of the table of parameters."""
    place = "" if given["in"] == "query" else f", {given['in']}"
    words = given["description"] or ("Needed." if given["required"] else "")
    default = given["schema"].get("default")
    usual = f" Usual: `{default}`." if default not in (None, "", [], ()) else ""
    kind = _type(given["schema"])
    return f"| `{given['name']}`{place} | {_cell(kind)}. {_cell(words)}{_cell(usual)} |"


def _fields(schema: dict[str, Any], parts: dict[str, Any], before: str = "") -> Iterator[str]:
    """A row for every field of a message, those of its parts behind a dot."""
    for name, field in schema.get("properties", {}).items():
        path = f"{before}{name}"
        default = field.get("default")
        usual = f" Usual: `{default}`." if default not in (None, "", [], {}) else ""
        words = _cell(field.get("description", "") + usual)
        inner = field.get("items", field) if field.get("type") == "array" else field
        is_list = "[]" if field.get("type") == "array" else ""
        if "$ref" in inner:
            yield f"| `{path}{is_list}` | {'list' if is_list else 'object'} | {words} |"
            found = parts[inner["$ref"].rsplit("/", 1)[-1]]
            yield from _fields(found, parts, f"{path}{is_list}.")
        else:
            yield f"| `{path}` | {_cell(_type(field))} | {words} |"


def _type(schema: dict[str, Any]) -> str:
    """The type of a value in words.

    >>> _type({"anyOf": [{"type": "number"}, {"type": "null"}]})
    'number or null'
    >>> _type({"type": "array", "items": {"enum": ["a", "b"]}})
    'list of `a`, `b`'
    """
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object":
        return "object"
    named = {"date": "day", "date-time": "moment"}
    kind = named.get(schema.get("format", "")) or schema.get("const") or schema.get("type", "value")
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{kind}, {least:g} to {most:g}"
    return str(kind)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
