"""What the header of a GGUF file says, and which files are refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import ConfigurationError
from its.models.local.content_digest import content_digest
from its.models.local.gguf_file import GgufFile, read_gguf
from its.models.local.machine import Serving, serving
from tests.local.files import header, smollm, tiny_model

LLAMA: dict[str, str | int | list[str]] = {
    "general.architecture": "llama",
    "llama.context_length": 4096,
    "llama.embedding_length": 64,
    "llama.block_count": 2,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.tokens": ["a", "bc", "é"],
}
TENSORS = {"token_embd.weight": (64, 10), "blk.0.ffn_up.weight": (64, 64)}
DATA = 4 * (640 + 4096)


def written(path: Path, **changes: str | int) -> Path:
    changed = LLAMA | {key.replace("__", "."): value for key, value in changes.items()}
    path.write_bytes(header(changed, TENSORS, DATA))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_gguf(path)
    return str(caught.value)


def test_size_context_and_cache_are_read(tmp_path: Path) -> None:
    file = read_gguf(written(tmp_path / "m.gguf"))
    assert (file.architecture, file.context, file.parameters) == ("llama", 4096, 640 + 4096)
    assert file.cache_bytes == 2 * 2 * 2 * (16 + 16)  # bytes, layers, heads, keys and values


def test_a_table_that_is_only_looked_up_in_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tensors = TENSORS | {"output.weight": (64, 10)}
    path.write_bytes(header(LLAMA, tensors, DATA + 4 * 640))
    assert read_gguf(path).parameters == 640 + 4096


def test_of_experts_those_that_a_token_uses_count(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    experts = LLAMA | {"llama.expert_count": 8, "llama.expert_used_count": 2}
    path.write_bytes(header(experts, {"blk.0.ffn_up_exps.weight": (64, 16, 8)}, 4 * 64 * 128))
    assert read_gguf(path).parameters == 64 * 128 // 4


def test_the_package_gguf_agrees(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="compares with the package gguf")
    path = tiny_model(tmp_path / "tiny.gguf")
    told = gguf.GGUFReader(path)
    ours = read_gguf(path)
    assert ours.parameters == sum(int(tensor.n_elements) for tensor in told.tensors)
    assert ours.context == int(told.fields["llama.context_length"].contents())


def test_a_real_model(tmp_path: Path) -> None:
    file = read_gguf(smollm())
    assert (file.architecture, file.context, file.parameters) == ("llama", 8192, 134_515_008)


def test_no_file(tmp_path: Path) -> None:
    assert "there is no model file" in refusal(tmp_path / "none.gguf")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip file", b"<html>not found"])
def test_no_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    assert "is no GGUF file" in refusal(path)


@settings(max_examples=60)
@given(st.integers(4, len(header(LLAMA, TENSORS, DATA)) - 1))
def test_a_file_cut_anywhere_is_cut_short(size: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.gguf")
        path.write_bytes(header(LLAMA, TENSORS, DATA)[:size])
        assert "is cut short" in refusal(path)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_header_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(header(LLAMA, TENSORS, DATA))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - DATA - 1))] = data.draw(st.integers(0, 255))
    with TemporaryDirectory() as folder:
        path = Path(folder, "m.gguf")
        path.write_bytes(whole)
        with suppress(ConfigurationError):
            read_gguf(path)


@pytest.mark.parametrize("architecture", ["bert", "nomic-bert", "clip", "gemma-embedding"])
def test_a_model_that_writes_no_text(tmp_path: Path, architecture: str) -> None:
    path = written(tmp_path / "m.gguf", general__architecture=architecture)
    assert "no model that writes text" in refusal(path)


def test_an_embedding_model_of_a_chat_architecture(tmp_path: Path) -> None:
    path = written(tmp_path / "m.gguf", llama__pooling_type=3)
    assert "no model that writes text" in refusal(path)


def test_a_missing_part_of_a_split_model(tmp_path: Path) -> None:
    first = written(tmp_path / "m-00001-of-00002.gguf")
    assert "m-00002-of-00002.gguf" in refusal(first)
    written(tmp_path / "m-00002-of-00002.gguf")
    assert len(read_gguf(first).shards) == 2


def test_the_digest_is_of_the_content_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one, same = written(tmp_path / "one.gguf"), written(tmp_path / "same.gguf")
    other = written(tmp_path / "other.gguf", llama__context_length=2048)
    assert content_digest([one]) == content_digest([same]) == content_digest([one])
    assert content_digest([other]) != content_digest([one])
    one.write_bytes(other.read_bytes())
    assert content_digest([one]) == content_digest([other])


# --- how a model is served ----------------------------------------------------------------------

GIGABYTE = 10**9
FILE = GgufFile(Path("m.gguf"), GIGABYTE, "llama", 10**9, 32_768, 10_000, ())


def test_with_memory_in_plenty_every_slot_has_the_whole_context() -> None:
    how = serving(FILE, 8, 100 * GIGABYTE)
    assert (how.slots, how.context) == (8, 32_768)


def test_short_memory_shortens_the_context_first() -> None:
    how = serving(FILE, 8, 3 * GIGABYTE)
    assert how.slots == 8
    assert 1024 <= how.context < 32_768
    assert how.slots * how.context * FILE.cache_bytes < GIGABYTE


def test_very_short_memory_lessens_the_slots() -> None:
    how = serving(FILE, 8, int(1.4 * GIGABYTE))
    assert how.slots < 8
    assert how.context >= 1024


def test_too_little_memory() -> None:
    with pytest.raises(ConfigurationError, match=r"needs about 1\.3 GB .* 1\.0 GB are free"):
        serving(FILE, 8, GIGABYTE)


def test_the_concurrency_asked_for_is_the_number_of_slots() -> None:
    assert serving(FILE, 2, None) == Serving(serving(FILE, 8, None).threads, 2, 32_768)
