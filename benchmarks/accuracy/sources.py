"""The source files a model's forecasts depend on: what it imports, and what these import."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import forecasting as fc

ROOM = Path(fc.__file__).parent
ONLY_NAMES = (ROOM / "__init__.py", ROOM / "models" / "__init__.py")  # lists of what there is


def sources_of(models: Iterable[str]) -> list[Path]:
    """The files of `forecasting` that these models run, sorted. Lazy imports count too."""
    waiting = [ROOM / "models" / f"{_module(model)}.py" for model in models]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or path in ONLY_NAMES:
            continue
        found.add(path)
        waiting.extend(_imported_by(path))
    return sorted(found)


def _module(model: str) -> str:
    return fc.MODELS[model].location.split(":")[0]


@cache
def _imported_by(path: Path) -> tuple[Path, ...]:
    names = list(_names(ast.parse(path.read_text())))
    files = [file for name in names for file in _files(name)]
    return tuple(dict.fromkeys(files))


def _names(tree: ast.AST) -> Iterator[str]:
    """Dotted names of `forecasting` that a file imports, modules and what is taken from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("forecasting"):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("forecasting"))


def _files(name: str) -> list[Path]:
    """The module of that name, if it is one, and its package."""
    parts = name.split(".")[1:]
    at = ROOM.joinpath(*parts)
    candidates = [at.with_suffix(".py") if parts else at, at / "__init__.py"]
    packages = [ROOM.joinpath(*parts[:depth]) / "__init__.py" for depth in range(1, len(parts))]
    return [file for file in (*candidates, *packages) if file.is_file()]
