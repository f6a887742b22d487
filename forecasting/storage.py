"""The config.json of a saved model: which model it is, its options, what it was fitted on."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from forecasting.errors import ConfigError

FORMAT = 1  # raised when older readers could misread the file


def write_config(folder: Path | str, name: str, config: Any, fitted: dict[str, Any]) -> None:
    """Write config.json; `fitted` holds JSON values the model needs besides its options."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, "model": name, "config": asdict(config), "fitted": fitted}
    (path / "config.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def read_config(folder: Path | str) -> dict[str, Any]:
    """The content of config.json. Raises `ConfigError` for foreign or damaged files."""
    path = Path(folder) / "config.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder} holds no saved model: config.json is missing. Give the folder that "
            "model.save() wrote."
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path} is damaged ({error}). Save the model again.") from error
    keys = {"format", "model", "config", "fitted"}
    if not isinstance(content, dict) or not keys <= content.keys():
        raise ConfigError(f"{path} was not written by model.save(). Give the folder of a model.")
    if not isinstance(content["config"], dict) or not isinstance(content["fitted"], dict):
        raise ConfigError(f"{path} is damaged: its config or fitted is no object. Save it again.")
    if content["format"] != FORMAT:
        raise ConfigError(
            f"{path} has format {content['format']}; this version reads {FORMAT}. Save it again."
        )
    return content


def read_own_config(folder: Path | str, name: str) -> dict[str, Any]:
    """As `read_config`; raises `ConfigError` too where the folder holds another model."""
    content = read_config(folder)
    if content["model"] != name:
        raise ConfigError(
            f"{folder} holds a model {content['model']!r}, not {name!r}. Use fc.load()."
        )
    return content


def config_from(config_class: type[Any], options: dict[str, Any], model: str) -> Any:
    """A config from options. Raises `ConfigError` naming options that the model does not have."""
    known = [field.name for field in fields(config_class)]
    if unknown := sorted(options.keys() - set(known)):
        raise ConfigError(
            f"Model {model!r} has no option {', '.join(map(repr, unknown))}. "
            f"Its options: {', '.join(known)}."
        )
    listed = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    try:
        return config_class(**listed)
    except (TypeError, KeyError, ValueError) as error:  # such as None where a number is compared
        raise ConfigError(f"The options of model {model!r} cannot work: {error}.") from error
