"""`its check`: the whole pipeline as it will be run, and what each endpoint can do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from its.cli.options import PRESETS
from its.models.backend import ModelBackend
from its.pipeline.load import load_pipeline, preset_names
from tests.cli.process import its
from tests.servers.dialect import DIALECTS
from tests.servers.hostile import Behaviour, HostileServer


async def test_what_is_printed_is_a_pipeline_that_means_the_same(tmp_path: Path) -> None:
    async with HostileServer() as server:
        model = ("-m", "loopback", "--base-url", server.url)
        ended = await its("check", "search", *model, "--set", "stages.0.initial=3", cwd=tmp_path)
        given: list[tuple[str, Any]] = [("model.name", "loopback")]
        given += [("model.base_url", server.url), ("stages.0.initial", 3)]
    assert (ended.code, ended.err) == (0, "")
    (tmp_path / "mine.yaml").write_bytes(ended.out)
    assert load_pipeline(str(tmp_path / "mine.yaml")) == load_pipeline("search", given)


async def test_defaults_are_marked_and_what_was_given_is_not(tmp_path: Path) -> None:
    async with HostileServer() as server:
        ended = await its("check", "-m", "loopback", "--base-url", server.url, cwd=tmp_path)
    lines = ended.out.decode().splitlines()
    assert "  name: loopback" in lines
    assert "  temperature: 0.8  # default" in lines
    assert "  timeout: {connect: 10.0, first_token: 120.0, total: 600.0}  # default" in lines


async def test_it_asks_anew_whatever_an_earlier_run_found(tmp_path: Path) -> None:
    async with HostileServer() as server:
        asked = []
        for _ in range(2):
            before = server.stats.completions
            ended = await its("check", "-m", "loopback", "--base-url", server.url, cwd=tmp_path)
            assert ended.code == 0, ended.err
            asked.append(server.stats.completions - before)
    assert asked[0] == asked[1] > 0


ABILITIES = {
    "hosted": ("samples of one question share a call", "not continued", "cut off"),
    "llama_cpp": ("one call per answer", "after a last assistant turn", "4,096 tokens"),
    "vllm": ("continue_final_message", "and named"),
    "transformers": ("one: one call per answer", "left in, and cut off here", "not offered"),
}


async def test_what_an_endpoint_can_do_is_reported_in_words(tmp_path: Path) -> None:
    async def check(dialect: str) -> None:
        async with HostileServer(Behaviour(dialect=DIALECTS[dialect])) as server:
            ended = await its("check", "-m", "loopback", "--base-url", server.url, cwd=tmp_path)
            told = ended.out.decode()
            assert f"# model: loopback at {server.url}" in told
        for word in ABILITIES[dialect]:
            assert word in told

    await asyncio.gather(*map(check, ABILITIES))


async def test_the_pipeline_is_shown_even_where_the_endpoint_is_not_there(tmp_path: Path) -> None:
    async with HostileServer() as server:
        gone = server.url
    ended = await its("check", "-m", "loopback", "--base-url", gone, cwd=tmp_path)
    assert ended.code == 4
    assert ended.out.startswith(b"model:\n  name: loopback\n")
    assert "cannot be reached" in ended.err


async def test_secrets_are_never_shown(tmp_path: Path) -> None:
    key = "sk-secret-0123456789"
    async with HostileServer(Behaviour(key=key)) as server:
        address = f"{server.url}?api_key=abcdefghij"
        ended = await its(
            "check",
            "-m",
            "loopback",
            "--base-url",
            address,
            "--set",
            "model.extra_body.token=hush-hush",
            cwd=tmp_path,
            environment={"OPENAI_API_KEY": key},
        )
    said = ended.out.decode() + ended.err
    for secret in (key, "abcdefghij", "hush-hush"):
        assert secret not in said


def test_the_help_names_the_presets_that_are_there() -> None:
    assert list(PRESETS) == preset_names()
    assert PRESETS[0] == ModelBackend.preset
