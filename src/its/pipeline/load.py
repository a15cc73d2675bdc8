"""From a preset's name or a YAML file, with overrides, to a checked pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from its.allocation.amounts import parse_amount
from its.errors import ConfigurationError
from its.pipeline.faults import Origin, Path_, explain, sorted_lines
from its.suggestion import did_you_mean
from its.yaml_text import parse_yaml, read_yaml_file

if TYPE_CHECKING:
    from its.models.backend import ModelBackend
    from its.pipeline.config import Pipeline


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its plain data, where it came from, and the line of every key."""

    source: str
    data: dict[str, Any]
    lines: Mapping[Path_, int]


def preset_names() -> list[str]:
    """The shipped presets."""
    return _names(_presets())


def provider_names() -> list[str]:
    """The example configurations of servers and providers: presets by the name `providers/NAME`."""
    return _names(_presets().joinpath("providers"))


def _names(directory: Traversable) -> list[str]:
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in directory.iterdir()
        if entry.name.endswith(".yaml")
    )


Overrides = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Values by dotted path, such as `stages.0.n`; of pairs the last one wins."""


def load_pipeline(
    config: str | None = None,
    overrides: Overrides = (),
    *,
    model: str | None = None,
    base_url: str | None = None,
    budget: str | None = None,
    concurrency: int | None = None,
    seed: int | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Pipeline:
    """A checked pipeline: a preset by name or a YAML file, changed by the options and overrides.

    Without `config` the default preset of the model's backend. `budget` is an amount per problem:
    `40` (completions), `50ktok`, `2usd`, `30s`. `defaults` are keys that count where neither the
    preset or file nor an option says anything.

    Raises ConfigurationError with all errors at once, each with its path and, where it stands in
    the file, its line.
    """
    from pydantic import ValidationError

    from its.models.embedded.backend import EmbeddedBackend
    from its.pipeline.config import Pipeline
    from its.pipeline.preflight import preflight

    pairs = list(overrides.items() if isinstance(overrides, Mapping) else overrides)
    overrides = _options(model, base_url, budget, concurrency, seed) + pairs
    document = read_document(config or _default_preset(overrides))
    data: Any = _under(document.data, defaults or {})
    for path, value in overrides:
        data = _with(data, path.split("."), value, path)
    overridden = [tuple(path.split(".")) for path, _ in overrides]
    origin = Origin(document.source, document.lines, overridden)
    try:
        pipeline = Pipeline.model_validate(_with_backend_defaults(data))
    except ValidationError as error:
        raise ConfigurationError(explain(error, data, origin)) from None
    if base_url is not None and pipeline.model.name == EmbeddedBackend.name:
        raise ConfigurationError("--base-url needs the model's name there: add --model NAME")
    if faults := preflight(pipeline):
        raise ConfigurationError(
            sorted_lines(origin.located(fault.path, fault.sentence) for fault in faults)
        )
    return pipeline


def _under(data: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the defaults below it: sections are merged, parts and lists stand whole."""
    merged = {**defaults, **data}
    for key in defaults.keys() & data.keys():
        is_section = isinstance(defaults[key], Mapping) and isinstance(data[key], dict)
        if is_section and key not in _NAMING:
            merged[key] = _under(data[key], defaults[key])
    return merged


def _options(
    model: str | None,
    base_url: str | None,
    budget: str | None,
    concurrency: int | None,
    seed: int | None,
) -> list[tuple[str, Any]]:
    """The options as overrides."""
    limit = None if budget is None else parse_amount(budget)
    spent = "max" if limit is None or limit.unit == "completions" else limit.unit
    options = {
        "model.name": model,
        "model.base_url": base_url,
        f"budget.{spent}": None if limit is None else limit.value,
        "model.concurrency": concurrency,
        "seed": seed,
    }
    return [(path, value) for path, value in options.items() if value is not None]


def _default_preset(overrides: Sequence[tuple[str, Any]]) -> str:
    """What runs where no configuration is named: it depends on the model."""
    given = {path.removeprefix("model."): value for path, value in overrides}
    return _backend_of(given).preset


def read_document(config: str) -> Document:
    """A preset by name (`providers/NAME` for an example of a provider) or a file by path. Raises
    ConfigurationError."""
    known = [*preset_names(), *(f"providers/{name}" for name in provider_names())]
    if config in known:
        entry = _presets().joinpath(f"{config}.yaml")
        return _parse(entry.read_text("utf-8"), f"preset {config}")
    try:
        text = read_yaml_file(config)
    except (OSError, ValueError) as error:
        hint = did_you_mean(config, known)
        reason = "is no preset and no file"
        if isinstance(error, UnicodeDecodeError):
            reason = "is not UTF-8"
        elif not isinstance(error, FileNotFoundError):
            reason = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise ConfigurationError(
            f"configuration {config!r} {reason}; {hint}presets are {', '.join(preset_names())}"
        ) from None
    return _parse(text, config)


def read_file(path: str) -> Document:
    """A YAML file by its path. Raises ConfigurationError."""
    try:
        text = read_yaml_file(path)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8; save it as UTF-8") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be read: {said}") from None
    return _parse(text, path)


def parse_override(assignment: str) -> tuple[str, Any]:
    """`stages.0.n=8` as (path, value); the value is read as YAML. Raises ConfigurationError."""
    path, separator, value = assignment.partition("=")
    if not separator or not path:
        raise ConfigurationError(f"--set {assignment!r}: write it as key.path=value")
    try:
        return path, parse_yaml(value, f"--set {path}")[1]
    except ConfigurationError as error:
        if "not valid YAML" in str(error):
            return path, value
        raise


def _presets() -> Traversable:
    """`configs/` travels in the wheel; in a checkout it stands beside `src/`."""
    installed = files("its").joinpath("configs")
    if installed.is_dir():
        return installed
    return Path(__file__).parents[3] / "configs"


def _parse(text: str, source: str) -> Document:
    node, data = parse_yaml(text, source)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigurationError(f"{source}: a pipeline is a mapping of keys such as `stages:`")
    return Document(source, data, dict(_lines(node, ())) if node else {})


def _lines(node: yaml.Node, path: Path_) -> Iterable[tuple[Path_, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*path, index)
            yield here, value.start_mark.line + 1
            yield from _lines(value, here)


_NAMING = {"difficulty": "method", "select": "method", "reward": "method", "stop": "rule"}
"""The key that names a part, in the sections where a bare name stands for the whole part."""


def _with(data: Any, keys: Sequence[str], value: Any, path: str) -> Any:
    """A copy of the data with one value replaced; mappings are made on the way."""
    key, rest = keys[0], keys[1:]
    if isinstance(data, list):
        if not key.isdigit() or int(key) >= len(data):
            raise ConfigurationError(
                f"--set {path}: {key!r} is no item of the list, which has items 0 to "
                f"{len(data) - 1}: name one by its number"
            )
        copy = list(data)
        copy[int(key)] = _with(copy[int(key)], rest, value, path) if rest else value
        return copy
    if data is not None and not isinstance(data, dict):
        section = path.split(".")[: -len(keys)][-1:]
        naming = _NAMING.get(section[0]) if section and isinstance(data, str) else None
        data = {naming: data} if naming else {}
    inner = (data or {}).get(key)
    return {**(data or {}), key: _with(inner, rest, value, path) if rest else value}


def _with_backend_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """What suits the model's backend, wherever the pipeline says nothing itself."""
    model = data.get("model") or {}
    if not isinstance(model, dict):
        return data
    defaults = _backend_of(model).defaults(_rewards_of(data))
    judge = {"judge": dict(defaults.judge)} if defaults.judge else {}
    return {**judge, **data, "model": {**defaults.model, **model}}


def _backend_of(model: Mapping[str, Any]) -> ModelBackend:
    """The backend of a model section that is not checked yet."""
    from its.models.backends import backend_of
    from its.models.settings import ModelSettings

    said = {
        key: model[key] for key in ("name", "file", "base_url") if isinstance(model.get(key), str)
    }
    return backend_of(ModelSettings(**said))


def _rewards_of(data: Mapping[str, Any]) -> frozenset[str]:
    """Names of the rewards that an unchecked pipeline uses."""
    stages = data.get("stages")
    parts = [data.get("select"), *(stages if isinstance(stages, list) else ())]
    rewards = [part.get("reward") for part in parts if isinstance(part, dict)]
    names = [each.get("method") if isinstance(each, dict) else each for each in rewards]
    return frozenset(name for name in names if isinstance(name, str))
