"""Weights of public models: found in folders, fetched by name, and checked before they are read.

Only safetensors are read: pickled weights can run programs.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from forecasting.errors import ConfigError
from forecasting.public.families import FAMILIES, Family, package_of
from forecasting.public.licences import ON_THE_HUB, forbids_commercial_use, licence_of

FOLDER = "ALMANAC_PUBLIC_MODELS"  # environment: a folder with a folder for each checkpoint
WEIGHTS = "model.safetensors"
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_PICKLED = (".bin", ".ckpt", ".pth", ".pt")
_FETCHED = ["*.json", "*.safetensors", "README.md", "LICENSE*"]
_TIMESFM_3 = "timesfm-non-commercial-license-v1.0"  # where weights of 3.0 name no licence


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights that can be read."""

    family: Family
    folder: Path
    version: str  # within the family: "2.5" and "3.0" of TimesFM, else ""
    licence: str  # "" where it is not known
    stamp: tuple[int, int]  # size and time of change of the weights: changed ones are others

    @property
    def sha256(self) -> str:
        """A fingerprint of the weights; large ones take a second, once."""
        return _digest(self.folder / WEIGHTS, self.stamp)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.family.title} {self.version}".strip() + f" ({self.folder.name})"


def checkpoint_of(family: Family, weights: str | None, *, non_commercial: bool) -> Checkpoint:
    """The checkpoint that is named by folder or by hub, else the one of ALMANAC_PUBLIC_MODELS.

    Raises `ConfigError` for weights that are missing, damaged, of another model, or whose licence
    forbids commercial use unless the use is said not to be.
    """
    if weights is None:
        folder = _configured(family)
    else:
        _require_use(weights, ON_THE_HUB.get(weights, ""), non_commercial)
        folder = _local(family, weights)
    found = read(folder)
    if found.family != family:
        raise ConfigError(
            f"{folder} holds weights of {found.family.title}, not of {family.title}. "
            f"Use the model {found.family.model!r}."
        )
    _require_use(str(folder), found.licence, non_commercial)
    return found


def read(folder: Path) -> Checkpoint:
    """What a folder holds. Raises `ConfigError` where that is nothing that can be used."""
    file = folder / WEIGHTS
    if not file.is_file():
        pickled = [each.name for each in _files(folder) if each.suffix in _PICKLED]
        also = f" {pickled[0]} is not read, as pickled weights can run programs." if pickled else ""
        raise ConfigError(f"{folder} holds no {WEIGHTS}.{also} Copy the whole folder of the hub.")
    named, version = _kind(folder, file)
    licence = licence_of(folder) or (_TIMESFM_3 if version == "3.0" else "")
    found = file.stat()
    return Checkpoint(
        family=FAMILIES[named],
        folder=folder,
        version=version,
        licence=licence,
        stamp=(found.st_size, found.st_mtime_ns),
    )


def configured(environ: dict[str, str] | os._Environ[str] = os.environ) -> list[Checkpoint]:
    """All checkpoints in ALMANAC_PUBLIC_MODELS that can be read, by folder; [] without it."""
    return [each for each in map(_readable, _candidates(environ)) if each is not None]


def _readable(folder: Path) -> Checkpoint | None:
    try:
        return read(folder)
    except ConfigError:  # a folder of something else; who names it is told why
        return None


def _candidates(environ: dict[str, str] | os._Environ[str] = os.environ) -> list[Path]:
    named = environ.get(FOLDER)
    if not named:
        return []
    root = Path(named).expanduser()
    return [root, *sorted(each for each in _files(root) if each.is_dir())]


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:  # missing, or not to be read: then it holds nothing for us
        return


def _configured(family: Family) -> Path:
    for folder in _candidates():
        found = _readable(folder)
        if found is not None and found.family == family:
            return folder
    raise ConfigError(
        f"Model {family.model!r} has no weights. Give weights= the folder of a checkpoint or its "
        f"name on the hub, such as {family.example!r}, or set {FOLDER} to a folder of checkpoints."
    )


def _local(family: Family, weights: str) -> Path:
    """The folder named, or where the hub's files of that name are; they are fetched once."""
    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_NAME.fullmatch(weights):
        raise ConfigError(
            f"weights={weights!r} is neither a folder of this machine nor a name on the hub, such "
            f"as {family.example!r}."
        )
    hub: Any = _hub(family)
    try:
        return Path(hub.snapshot_download(weights, allow_patterns=_FETCHED))
    except (hub.errors.RepositoryNotFoundError, hub.errors.HFValidationError) as error:
        raise ConfigError(
            f"The hub has no {weights!r}, or it may not be read without its terms accepted. "
            f"Try {family.example!r}, or give the folder of a checkpoint."
        ) from error
    except OSError as error:  # so are all errors of the hub's library that tell of no network
        raise ConfigError(
            f"{weights!r} cannot be fetched: the hub is out of reach "
            f"({type(error).__name__}). Where there is a network, run: hf download {weights} "
            "--local-dir FOLDER, copy the folder here, and give weights=FOLDER."
        ) from error


def _hub(family: Family) -> Any:
    """The hub's library, which comes with the packages of the models."""
    package_of(family, "huggingface_hub.errors")
    return package_of(family, "huggingface_hub")


def _require_use(where: str, licence: str, non_commercial: bool) -> None:
    if non_commercial or not forbids_commercial_use(licence):
        return
    raise ConfigError(
        f"The weights {where} may not be used commercially: their licence is {licence!r}. Take "
        "others, or give non_commercial=True if your use is not commercial."
    )


def _kind(folder: Path, file: Path) -> tuple[str, str]:
    """Family and version of weights, by the names in them and in config.json."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        config = {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder / 'config.json'} is damaged ({error}). Copy the folder anew."
        ) from error
    try:
        with safe_open(file, framework="np") as opened:
            names = set(opened.keys())
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{file} is truncated or damaged ({error}). Copy it anew.") from error
    named = config.get("architectures") or [""] if isinstance(config, dict) else [""]
    if named[0] == "ChronosBoltModelForForecasting":
        return "chronos_bolt", ""
    if named[0] == "Chronos2Model":
        return "chronos_2", ""
    if any(name.startswith("stacked_xf.") for name in names):
        return "timesfm", "2.5"
    if any(name.startswith("pre_transformer_resblock.") for name in names):
        return "timesfm", "3.0"
    raise ConfigError(
        f"{folder} holds weights of no model that is known here ({named[0] or 'not named'}): "
        f"{', '.join(each.title for each in FAMILIES.values())} are."
    )


@lru_cache(maxsize=64)
def _digest(file: Path, stamp: tuple[int, int]) -> str:
    """A fingerprint of a file; its stamp makes a changed one be read again."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
