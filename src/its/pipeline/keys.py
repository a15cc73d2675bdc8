"""The keys that a pipeline may have at a path, and which of them was meant by one that it has not.

Found in the JSON Schema of a pipeline, so that a key stands in one place alone: the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from its.suggestion import nearest

Node = Mapping[str, Any]
_DEEPEST = 6
"""Levels of a pipeline that are searched for a key that stands in the wrong place."""


def meant_by(path: Sequence[str | int], data: Any) -> str | None:
    """The key that an unknown one was probably meant to be: one of the same section that is
    written alike, or else the path where a key of exactly this name stands."""
    given = str(path[-1])
    if close := nearest(given, keys_at(path[:-1], data)):
        return close
    return min((p for p in _paths() if p.rpartition(".")[2] == given), key=len, default=None)


def keys_at(path: Sequence[str | int], data: Any) -> list[str]:
    """The keys of the section at a path; of a part's, those that the part named there has."""
    nodes = list(_sections(_schema(), data))
    for step in path:
        data = _inside(data, step)
        nodes = [
            section
            for node in nodes
            if (below := _below(node, step)) is not None
            for section in _sections(below, data)
        ]
    return [key for node in nodes for key in node.get("properties", {})]


@cache
def _schema() -> Node:
    from its.pipeline.config import Pipeline

    return Pipeline.model_json_schema()


def _sections(node: Node, data: Any) -> Iterator[Node]:
    """The schemas that may describe the data: of several parts, the one that the data names."""
    if "$ref" in node:
        yield from _sections(_schema()["$defs"][node["$ref"].rpartition("/")[2]], data)
        return
    choice = node.get("discriminator")
    if choice is not None:
        named = choice["mapping"].get(data.get(choice["propertyName"])) if _is_map(data) else None
        if named is not None:
            yield from _sections({"$ref": named}, data)
            return
    inner = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    for each in inner:
        yield from _sections(each, data)
    if not inner:
        yield node


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(step, int):
        return _node(node.get("items")) or _node(node.get("prefixItems"))
    return _node(node.get("properties", {}).get(step)) or _node(node.get("additionalProperties"))


def _node(found: Any) -> Node | None:
    return found if _is_map(found) else None


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _inside(data: Any, step: str | int) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


@cache
def _paths() -> tuple[str, ...]:
    """Every key outside of lists and of single parts, by its dotted path."""
    return tuple(_walk(_schema(), "", 0))


def _walk(node: Node, prefix: str, depth: int) -> Iterator[str]:
    for section in _sections(node, None):
        if depth == _DEEPEST or "discriminator" in node:
            return
        for key, below in section.get("properties", {}).items():
            yield f"{prefix}{key}"
            yield from _walk(below, f"{prefix}{key}.", depth + 1)
