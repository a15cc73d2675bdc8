"""YAML that people write, read within bounds: a pipeline, a prompt set, the value of an option.

Anything a small document cannot need is refused with its line: repeated keys, aliases that
multiply or contain themselves, depth, size, numbers beyond 64 bits, tags such as `!!binary`.
"""

from __future__ import annotations

import stat
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from its.errors import ConfigurationError

LARGEST = 1 << 20
"""Bytes of a document."""
DEEPEST = 50
MOST_NODES = 100_000
_LARGEST_NUMBER = 2**63
_LARGEST_FLOAT = 1e300
_DIGITS = 100
_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}


def read_yaml_file(path: str) -> str:
    """The text of a regular file of reasonable size. Raises OSError or ConfigurationError."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        if Path(path).is_dir():
            raise IsADirectoryError(21, "Is a directory")
        raise ConfigurationError(f"{path} is no regular file; name a YAML file")
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path} is larger than 1 MB, which no configuration needs")
    return content.decode("utf-8-sig")


def parse_yaml(text: str, source: str) -> tuple[yaml.Node | None, Any]:
    """The document's nodes (they know their lines) and its data. Raises ConfigurationError."""
    _refuse_depth(text, source)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, None
        _Check(source).node(node, 0, ())
        return node, loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _invalid(error, source) from None
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{source}: not valid YAML: {error}") from None


def _refuse_depth(text: str, source: str) -> None:
    """Before nodes are made of it, which goes as deep as the text does."""
    depth = count = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            count += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or count > MOST_NODES:
                line = event.start_mark.line + 1 if event.start_mark else 1
                what = f"nested more than {DEEPEST} deep" if depth > DEEPEST else "too long"
                raise ConfigurationError(f"{source} line {line}: {what} for a configuration")
    except yaml.YAMLError as error:
        raise _invalid(error, source) from None
    except RecursionError:
        raise ConfigurationError(f"{source}: nested too deep for a configuration") from None


def _invalid(error: yaml.YAMLError, source: str) -> ConfigurationError:
    mark = getattr(error, "problem_mark", None)
    where = f" line {mark.line + 1}" if mark else ""
    said = getattr(error, "problem", None) or " ".join(str(error).split())
    return ConfigurationError(f"{source}{where}: not valid YAML: {said}")


class _Check:
    """Walks the nodes as data would: what an alias names counts every time."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0

    def node(self, node: yaml.Node, depth: int, inside: tuple[int, ...]) -> None:
        self._count += 1
        if id(node) in inside:
            raise self._fault(node, "an alias contains itself")
        if depth > DEEPEST or self._count > MOST_NODES:
            raise self._fault(node, "aliases make this too large for a configuration")
        if isinstance(node, yaml.ScalarNode):
            self._scalar(node)
            return
        if node.tag not in _TAGS:
            raise self._tag(node)
        below = (*inside, id(node))
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            for key, value in node.value:
                self.node(key, depth + 1, below)
                self.node(value, depth + 1, below)
        else:
            for value in node.value:
                self.node(value, depth + 1, below)

    def _keys(self, node: yaml.MappingNode) -> None:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._fault(key, "a key must be a plain word")
            line = key.start_mark.line + 1
            if key.value in seen:
                raise self._fault(
                    key, f"the key {key.value!r} stands on line {seen[key.value]} already"
                )
            seen[key.value] = line

    def _scalar(self, node: yaml.ScalarNode) -> None:
        if node.tag == _TAG + "timestamp":
            node.tag = _TAG + "str"
        if node.tag not in _TAGS:
            raise self._tag(node)
        if node.tag not in (_TAG + "int", _TAG + "float"):
            return
        number: Any = _DIGITS * "9"
        if len(node.value) <= _DIGITS:
            number = yaml.safe_load(node.value)
        if isinstance(number, str) or not isfinite(number) or abs(number) > _LARGEST_FLOAT:
            raise self._fault(node, "this number is too large")
        if isinstance(number, int) and not -_LARGEST_NUMBER <= number < _LARGEST_NUMBER:
            raise self._fault(node, "this number is too large")

    def _tag(self, node: yaml.Node) -> ConfigurationError:
        shown = node.tag.replace(_TAG, "!!")
        return self._fault(node, f"{shown} has no place in a configuration")

    def _fault(self, node: yaml.Node, said: str) -> ConfigurationError:
        return ConfigurationError(f"{self._source} line {node.start_mark.line + 1}: {said}")
