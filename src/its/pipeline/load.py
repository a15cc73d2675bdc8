"""From a preset's name or a YAML file, with overrides, to a checked pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from its.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from its.pipeline.config import Pipeline

DEFAULT_PRESET = "adaptive"
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its plain data, where it came from, and the line of every key."""

    source: str
    data: dict[str, Any]
    lines: Mapping[Path_, int]


def preset_names() -> list[str]:
    """The shipped presets."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _presets().iterdir()
        if entry.name.endswith(".yaml")
    )


def load_pipeline(config: str | None = None, overrides: Sequence[tuple[str, Any]] = ()) -> Pipeline:
    """Read, override and check. `overrides` are (dotted path, value) pairs, the last one wins.

    Raises ConfigurationError with every fault at once, each with its path and, where it stands in
    the file, its line.
    """
    from pydantic import ValidationError

    from its.pipeline.config import Pipeline

    document = read_document(config or DEFAULT_PRESET)
    data: Any = document.data
    for path, value in overrides:
        data = _with(data, path.split("."), value, path)
    try:
        return Pipeline.model_validate(_with_embedded_defaults(data))
    except ValidationError as error:
        raise ConfigurationError(_explain(error, document)) from None


def read_document(config: str) -> Document:
    """A preset by name or a file by path. Raises ConfigurationError."""
    if config in preset_names():
        entry = _presets().joinpath(f"{config}.yaml")
        return _parse(entry.read_text("utf-8"), f"preset {config}")
    try:
        text = Path(config).read_text("utf-8")
    except (FileNotFoundError, IsADirectoryError, PermissionError, UnicodeDecodeError) as error:
        names = preset_names()
        close = get_close_matches(config, names, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        reason = "is no preset and no file" if isinstance(error, FileNotFoundError) else str(error)
        raise ConfigurationError(
            f"configuration {config!r}: {reason}; {hint}presets are {', '.join(names)}"
        ) from None
    return _parse(text, config)


def parse_override(assignment: str) -> tuple[str, Any]:
    """`stages.0.n=8` as (path, value); the value is read as YAML. Raises ConfigurationError."""
    path, separator, value = assignment.partition("=")
    if not separator or not path:
        raise ConfigurationError(f"--set {assignment!r}: write it as key.path=value")
    try:
        return path, yaml.safe_load(value)
    except yaml.YAMLError:
        return path, value


def _presets() -> Traversable:
    """`configs/` travels in the wheel; in a checkout it stands beside `src/`."""
    installed = files("its").joinpath("configs")
    if installed.is_dir():
        return installed
    return Path(__file__).parents[3] / "configs"


def _parse(text: str, source: str) -> Document:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ConfigurationError(f"{source}{where}: not valid YAML: {problem}") from None
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


def _with(data: Any, keys: Sequence[str], value: Any, path: str) -> Any:
    """A copy of the data with one value replaced; mappings are made on the way."""
    key, rest = keys[0], keys[1:]
    if isinstance(data, list):
        if not key.isdigit() or int(key) >= len(data):
            raise ConfigurationError(f"--set {path}: the list has items 0 to {len(data) - 1}")
        copy = list(data)
        copy[int(key)] = _with(copy[int(key)], rest, value, path) if rest else value
        return copy
    if data is not None and not isinstance(data, dict):
        data = {}
    inner = (data or {}).get(key)
    return {**(data or {}), key: _with(inner, rest, value, path) if rest else value}


def _with_embedded_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """The embedded solver has a verifier of its own beside it, and a short context."""
    model = data.get("model") or {}
    if not isinstance(model, dict) or not str(model.get("name", "embedded")).startswith("embedded"):
        return data
    context = {"temperature": 1.0, "max_tokens": 384}
    judge = {"name": "embedded:small-verifier", **context, "temperature": 0.0}
    return {"judge": judge, **data, "model": {**context, **model}}


def _explain(error: ValidationError, document: Document) -> str:
    faults = []
    for fault in error.errors(include_url=False, include_context=True):
        path = _plain_path(fault["loc"], document.data)
        line = _line_of(path, document.lines)
        place = ".".join(map(str, path)) or "the pipeline"
        where = f"{document.source} line {line}" if line else document.source
        faults.append(f"{where}: {place}: {_sentence(fault)}")
    return "\n".join(dict.fromkeys(faults))


def _plain_path(loc: Path_, data: Any) -> Path_:
    """The path without the names that pydantic adds for the member of a union."""
    path: list[str | int] = []
    for step in loc:
        inside = isinstance(data, (dict, list))
        tag = isinstance(data, dict) and step not in data and step in data.values()
        if tag and step != loc[-1]:
            continue
        path.append(step)
        if inside:
            try:
                data = data[step]
            except (KeyError, IndexError, TypeError):
                data = None
    return tuple(path)


def _line_of(path: Path_, lines: Mapping[Path_, int]) -> int | None:
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _sentence(fault: Any) -> str:
    kind, given = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return "no such key; `its schema` lists them all"
    if kind == "missing":
        return "is needed"
    message: str = fault["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(given, (dict, list)) else f" (got {given!r})"
    return message[0].lower() + message[1:] + shown
