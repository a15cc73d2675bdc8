"""What the header of a GGUF file says, read without loading the model.

The format: magic, version, counts, then metadata (key, type, value), then one entry a tensor (name,
shape, type, offset), then, aligned, the tensors themselves. A header is untrusted: no length in it
is believed before the bytes are there.
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from its.errors import ConfigurationError
from its.models.local.tensor_types import bytes_of

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
WRITES_NO_TEXT = ("bert", "t5encoder", "clip", "wavtokenizer", "pangu-embed", "-embedding")
"""Architectures (or parts of their names) that write no text."""
CONTEXT_UNKNOWN = 2048
_NUMBERS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?"))) | {10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_DEEPEST = 4
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A model file (the first of several where it is split), and what its header says.

    `parameters` are those that one token is multiplied with: of experts those that it uses, and
    no table that it is only looked up in. `cache_bytes` is what keys and values of one token of
    context take in 16-bit floats.
    """

    path: Path
    size: int
    architecture: str
    parameters: int
    context: int
    cache_bytes: int
    shards: tuple[Path, ...]


def read_gguf(path: Path) -> GgufFile:
    """Read and check the header. Raises ConfigurationError for a file that llama.cpp could not
    run: missing, no GGUF, cut short, or no model that writes text."""
    shards = _shards(path)
    headers = [_read_header(shard) for shard in shards]
    said = headers[0].metadata
    named = str(said.get("general.architecture", "unknown"))
    architecture = "".join(filter(str.isprintable, named))[:40]
    _refuse_other_models(path, architecture, said)
    return GgufFile(
        path,
        sum(header.size for header in headers),
        architecture,
        _parameters(headers, architecture),
        _whole(said, f"{architecture}.context_length") or CONTEXT_UNKNOWN,
        _cache_bytes(said, architecture),
        shards,
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """`tensors` are numbers of elements by name."""

    metadata: dict[str, Value]
    tensors: dict[str, int]
    size: int


def _shards(path: Path) -> tuple[Path, ...]:
    """The files of a split model, in order; most models are one file."""
    named = _SHARD.search(path.name)
    if named is None:
        return (path,)
    stem, count = path.name[: named.start()], int(named[2])
    return tuple(path.with_name(f"{stem}-{i:05}-of-{count:05}.gguf") for i in range(1, count + 1))


def _read_header(path: Path) -> _Header:
    if not path.exists():
        raise ConfigurationError(f"there is no model file {path}: give the path of a .gguf file")
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder: give the path of the .gguf file in it")
    try:
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                raise ConfigurationError(
                    f"{path} is no GGUF file: give a model in the GGUF format of llama.cpp"
                )
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Reader(path, content).header()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None


class _Reader:
    """Reads from the front to the back of one header."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path = path
        self._content = content
        self._at = len(MAGIC)

    def header(self) -> _Header:
        version = self._number("I")
        if version not in VERSIONS:
            raise ConfigurationError(
                f"{self._path} is GGUF of version {version}, and versions "
                f"{' and '.join(map(str, VERSIONS))} are understood: download it in a current one"
            )
        tensors, entries = self._number("Q"), self._number("Q")
        metadata: dict[str, Value] = {}
        for _ in range(entries):
            key = self._text()
            value = self._value(self._number("I"))
            if value is not None:
                metadata[key] = value
        elements, data = self._tensors(tensors)
        alignment = _whole(metadata, "general.alignment") or ALIGNMENT
        if tensors:
            self._need(-(-self._at // alignment) * alignment + data)
        return _Header(metadata, elements, len(self._content))

    def _tensors(self, count: int) -> tuple[dict[str, int], int]:
        """How many numbers each tensor holds, and at which byte of the data the last one ends."""
        tensors: dict[str, int] = {}
        end = 0
        for _ in range(count):
            name = self._text()
            shape = [self._number("Q") for _ in range(min(self._number("I"), 8))]
            kind, offset = self._number("I"), self._number("Q")
            tensors[name] = math.prod(shape)
            end = max(end, offset + bytes_of(kind, tensors[name]))
        return tensors, end

    def _value(self, kind: int, depth: int = 0) -> Value | None:
        """A value; None for a list, which is passed over."""
        if kind in _NUMBERS:
            number: Value = struct.unpack("<" + _NUMBERS[kind], self._bytes(_width(kind)))[0]
            return number
        if kind == _TEXT:
            return self._text()
        if kind != _LIST or depth == _DEEPEST:
            raise ConfigurationError(f"the header of {self._path} is damaged: download it again")
        inner, count = self._number("I"), self._number("Q")
        if inner in _NUMBERS:
            self._bytes(_width(inner) * count)
        elif inner == _TEXT:
            self._pass_texts(count)
        else:
            for _ in range(count):
                self._value(inner, depth + 1)
        return None

    def _pass_texts(self, count: int) -> None:
        """Over the token list of a vocabulary, which has a hundred thousand entries."""
        unpack, content, size = struct.Struct("<Q").unpack_from, self._content, len(self._content)
        at = self._at
        for _ in range(count):
            if at + 8 > size:
                self._need(at + 8)
            at += 8 + unpack(content, at)[0]
        self._need(at)
        self._at = at

    def _text(self) -> str:
        return self._bytes(self._number("Q")).decode("utf-8", "replace")

    def _number(self, code: str) -> int:
        number: int = struct.unpack("<" + code, self._bytes(struct.calcsize("<" + code)))[0]
        return number

    def _bytes(self, count: int) -> bytes:
        self._need(self._at + count)
        start, self._at = self._at, self._at + count
        return self._content[start : self._at]

    def _need(self, size: int) -> None:
        if size > len(self._content):
            raise ConfigurationError(
                f"{self._path} is cut short: it has {len(self._content):,} bytes and its header "
                f"says {size:,}; download it again"
            )


def _width(kind: int) -> int:
    return struct.calcsize("<" + _NUMBERS[kind])


def _whole(metadata: dict[str, Value], key: str) -> int | None:
    value = metadata.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _refuse_other_models(path: Path, architecture: str, metadata: dict[str, Value]) -> None:
    embeds = metadata.get(f"{architecture}.pooling_type")
    if embeds or any(part in architecture for part in WRITES_NO_TEXT):
        raise ConfigurationError(
            f"{path} holds no model that writes text ({architecture}: it makes embeddings, or "
            "belongs to another file): name a chat model"
        )


def _parameters(headers: list[_Header], architecture: str) -> int:
    said = headers[0].metadata
    tensors = {name: count for header in headers for name, count in header.tensors.items()}
    experts = _whole(said, f"{architecture}.expert_count") or 1
    used = _whole(said, f"{architecture}.expert_used_count") or experts
    if "output.weight" in tensors:  # else the table of tokens is the output's matrix, too
        tensors.pop("token_embd.weight", None)
    return sum(
        count * used // experts if "_exps." in name else count for name, count in tensors.items()
    )


def _cache_bytes(metadata: dict[str, Value], architecture: str) -> int:
    """Keys and values of every layer, two bytes a number."""

    def said(name: str, otherwise: int) -> int:
        return _whole(metadata, f"{architecture}.{name}") or otherwise

    heads = said("attention.head_count", 32)
    width = said("embedding_length", 4096) // heads
    keys, values = said("attention.key_length", width), said("attention.value_length", width)
    return 2 * said("block_count", 32) * said("attention.head_count_kv", heads) * (keys + values)
