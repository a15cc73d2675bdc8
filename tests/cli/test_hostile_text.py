"""Nothing that others wrote reaches a terminal as more than text, whatever the command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.cli.main import app
from its.terminal import clean, escape_json
from tests.cli.process import Ended, its, problems_file
from tests.runs.command import clean_environment
from tests.servers.hostile import Behaviour, HostileServer

SRC = Path(__file__).parents[2] / "src" / "its"
ESC = "\x1b"
HOSTILE = (
    f"a{ESC}[2J{ESC}]52;c;eA==\x07{ESC}]8;;http://x\x07b\x9b31mc\x85\u202ed\u2066\u200be\u061cf\x7f"
)
"""Clears the screen, sets the clipboard, links, C1, bidi, zero width, delete."""
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]")
COMMANDS = [
    str(command.name or command.callback.__name__)
    for command in app.registered_commands
    if command.callback is not None
]
OPTIONS = {"parts": (), "schema": ()}


def shows_text_alone(ended: Ended) -> None:
    for said in (ended.out.decode(), ended.err):
        found = FORBIDDEN.search(said)
        assert not found, (found, said)


def on_streams(code: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=clean_environment() | environment,
        capture_output=True,
        check=False,
    )


@given(st.text())
def test_what_is_cleaned_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not FORBIDDEN.search(clean(text))
    assert not re.search("[\ud800-\udfff\ue000-\uf8ff]", clean(text))
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"])))
def test_text_that_can_be_seen_stays(text: str) -> None:
    assert clean(text) == "".join(
        c for c in text if c not in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_for_a_terminal_says_the_same(text: str) -> None:
    line = orjson.dumps({text: text})
    assert orjson.loads(escape_json(line)) == {text: text}
    assert not FORBIDDEN.search(escape_json(line).decode())


def test_drawing_goes_through_the_one_console() -> None:
    """A console opened elsewhere would draw what it is given as it is."""
    opens = re.compile(r"(?<!class Clean)\bConsole\(")
    assert not [path for path in SRC.rglob("*.py") if opens.search(path.read_text())]


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_cleans_a_hostile_argument(name: str, tmp_path: Path) -> None:
    shows_text_alone(await its(name, *OPTIONS.get(name, (HOSTILE,)), cwd=tmp_path))
    shows_text_alone(await its(name, "-c", HOSTILE, cwd=tmp_path))


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_cleans_a_hostile_file(name: str, tmp_path: Path) -> None:
    """Names, keys and values in files, as problems and as configuration."""
    rows: list[Mapping[str, Any] | bytes] = [
        {HOSTILE: HOSTILE},
        {"id": HOSTILE, "question": 7},
        b'{"\xc2\x9b": "\xc2\x9b'.ljust(40),
    ]
    source = problems_file(tmp_path / f"{HOSTILE}.jsonl".replace("/", "_"), rows)
    config = tmp_path / "c.yaml"
    config.write_bytes(b"model: {" + orjson.dumps(HOSTILE) + b": " + orjson.dumps(HOSTILE) + b"}\n")
    shows_text_alone(await its(name, source, "-c", config, cwd=tmp_path))
    shows_text_alone(await its(name, config, cwd=tmp_path))


async def test_hostile_models_ids_and_replies_are_shown_as_text(tmp_path: Path) -> None:
    rows = [{"id": HOSTILE, "question": f"What {HOSTILE}?", "answer": HOSTILE}]
    problems_file(tmp_path / "p.jsonl", rows)
    reply = f"{HOSTILE} \\boxed{{{HOSTILE}}}"
    async with HostileServer(Behaviour(models=(HOSTILE,)), lambda ask: reply) as server:
        model = ("--base-url", server.url, "-c", "self_consistency")
        ended = await its("solve", "p.jsonl", "-m", HOSTILE, *model, "-o", "run", cwd=tmp_path)
        assert ended.code == 0
        assert ended.rows[0]["id"] == HOSTILE, "data says the same"
        shows_text_alone(ended)
        for arguments in (
            ("explain", "--run", "run"),
            ("explain", "--run", "run", "--id", HOSTILE),
            ("explain", "--run", "run", "--id", HOSTILE + "x"),
            ("check", "-m", HOSTILE, "--base-url", server.url),
            ("explain", HOSTILE, "-m", HOSTILE, *model),
            ("solve", "p.jsonl", "-m", HOSTILE + "x", *model, "-o", "run"),
        ):
            shows_text_alone(await its(*arguments, cwd=tmp_path))
        shows_text_alone(await its("curve", "run", "--orders", "2", cwd=tmp_path))
