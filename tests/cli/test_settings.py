"""Where settings come from besides the command line: `.env` and the user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.cli.environment import parse_variables
from its.cli.options import resolve_pipeline
from its.errors import ConfigurationError
from tests.cli.process import its, problems_file
from tests.servers.hostile import Behaviour, HostileServer

KEY = "sk-from-the-file-0123456789"

# --- .env ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("export A=1\r\nA=2\r\n", {"A": "2"}),
        ("# A=1\n\n  \nA='#1 $B \\n'  # said\n", {"A": "#1 $B \\n"}),
        ('A="one\\ntwo \\"x\\""\nB="over\nlines"\nC=3', {"A": 'one\ntwo "x"', "B": "over\nlines",
                                                       "C": "3"}),
        ("A=\nB=#x\nC=a#b # c\n", {"A": "", "B": "", "C": "a#b"}),
    ],
)  # fmt: skip
def test_variables_are_read_as_a_shell_would_write_them(text: str, values: dict[str, str]) -> None:
    found = parse_variables(text)
    assert (found.values, found.bad_lines, found.refused) == (values, (), ())


def test_what_is_no_variable_is_left_out_by_its_line() -> None:
    found = parse_variables('A: 1\nB=2\n3C=1\nD="open\nE=5\nPATH=/x\nLD_PRELOAD=y\nF=\0\n')
    assert found.values == {"B": "2", "E": "5"}
    assert found.bad_lines == (1, 3, 4, 8)
    assert found.refused == ("PATH", "LD_PRELOAD")


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = parse_variables(text)
    assert all("\0" not in value for value in found.values.values())


async def test_a_key_and_an_address_from_the_file_are_used_and_never_shown(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [{"question": "What is 1 + 1?"}])
    async with HostileServer(Behaviour(key=KEY)) as server:
        (tmp_path / ".env").write_text(
            f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY={KEY}\nbad line {KEY}\n"
        )
        ended = await its("solve", "p.jsonl", "-m", "loopback", "-c", "greedy", cwd=tmp_path)
        checked = await its("check", "greedy", "-m", "loopback", cwd=tmp_path)
        other = {"OPENAI_API_KEY": "sk-of-the-shell-0123456789"}
        stands = await its(
            "solve", "p.jsonl", "-m", "loopback", "--fresh", cwd=tmp_path, environment=other
        )
    assert (ended.code, checked.code, stands.code) == (0, 0, 4)
    assert ".env line 3 is not NAME=value" in ended.err
    assert "# From .env: OPENAI_BASE_URL, OPENAI_API_KEY" in checked.out.decode()
    written = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("*.*"))
    for said in (ended.out, ended.err.encode(), checked.out, stands.err.encode(), written):
        assert KEY.encode() not in said


@pytest.mark.parametrize("content", [b"\xff\xfeA=1", b"A=" + b"x" * 70_000, None])
async def test_a_file_that_is_no_list_of_variables_stops_nothing(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is None:
        (tmp_path / ".env").mkdir()
    else:
        (tmp_path / ".env").write_bytes(content)
    ended = await its("schema", cwd=tmp_path)
    assert ended.code == 0
    assert ended.err.count("\n") == (content is not None)
    assert "left out" in ended.err or content is None


# --- the user's own settings --------------------------------------------------------------------


def user_file(directory: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = directory / "its" / "config.yaml"
    path.parent.mkdir()
    path.write_text(text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory))
    return path


OWN = """\
config: greedy
model: home
models:
  home: {name: qwen2.5-7b-instruct, base_url: "http://localhost:8000/v1"}
  big: {base_url: "https://api.example/v1", api_key_env: BIG_KEY, max_tokens: 4096}
defaults:
  model: {concurrency: 8}
  answers: {units: keep}
  budget: {max: 7}
  select: {method: weighted_vote, reward: self_evaluation}
"""


def test_defaults_and_aliases_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_file(tmp_path, OWN, monkeypatch)
    plain = resolve_pipeline(None, None, None)
    assert (plain.model.name, plain.model.base_url) == (
        "qwen2.5-7b-instruct",
        "http://localhost:8000/v1",
    )
    assert (plain.model.concurrency, plain.answers.units) == (8, "keep")
    assert plain.stages[0].strategy == "greedy"
    assert plain.select.method == "first", "the pipeline's own word stands"
    big = resolve_pipeline(None, "big", None, concurrency=3)
    assert (big.model.name, big.model.max_tokens, big.model.concurrency) == ("big", 4096, 3)
    assert big.model.api_key_env == "BIG_KEY"
    assert resolve_pipeline(None, "big", "http://x/v1").model.base_url == "http://x/v1"
    assert resolve_pipeline("adaptive", None, None).stop is not None


def test_a_pipeline_that_names_its_model_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file(tmp_path, OWN, monkeypatch)
    mine = tmp_path / "mine.yaml"
    mine.write_text("model: {name: small, base_url: 'http://s/v1'}\nstages: [{strategy: greedy}]\n")
    assert resolve_pipeline(str(mine), None, None).model.base_url == "http://s/v1"
    assert resolve_pipeline(str(mine), "home", None).model.name == "qwen2.5-7b-instruct"
    changed = resolve_pipeline("greedy", None, None, settings=["model.name=embedded"])
    assert changed.model.name == "embedded"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modls: {}\n", "line 1: modls: no such key; did you mean 'models'?"),
        ("models:\n  a: {nmae: x}\n", "line 2: models.a.nmae: no such key; did you mean `name`?"),
        ("models:\n  a: x\n", "line 1: models: a must be a mapping"),
        ("defaults:\n  budget: {mx: 3}\n", "line 2: defaults.budget.mx: no such key"),
        ("model: [a]\n", "line 1: model: must be text"),
        ("- a\n", "mapping of keys"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    path = user_file(tmp_path, text, monkeypatch)
    with pytest.raises(ConfigurationError) as caught:
        resolve_pipeline("greedy", None, None)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


# --- its check ----------------------------------------------------------------------------------


async def test_everything_wrong_with_the_endpoints_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "model: {name: a, base_url: 'http://127.0.0.1:9/v1'}\n"
        "judge: {name: b, base_url: 'http://127.0.0.1:10/v1'}\n"
        "stages: [{strategy: greedy}]\n"
    )
    ended = await its("check", "-c", "mine.yaml", cwd=tmp_path)
    assert ended.code == 4
    first, second = ended.err.removeprefix("its: ").splitlines()
    assert first.startswith("model: http://127.0.0.1:9/v1 cannot be reached")
    assert second.startswith("judge: http://127.0.0.1:10/v1 cannot be reached")


async def test_check_shows_where_settings_come_from(tmp_path: Path) -> None:
    (tmp_path / "its").mkdir()
    (tmp_path / "its" / "config.yaml").write_text("models: {home: {name: embedded}}\n")
    ended = await its(
        "check", "greedy", cwd=tmp_path, environment={"XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert f"# From {tmp_path}/its/config.yaml: models home" in ended.out.decode()


async def test_the_shell_completes_commands_and_presets(tmp_path: Path) -> None:
    async def completed(words: str) -> list[str]:
        count = str(len(words.split()) - 1)
        asked = {"_ITS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
        return (await its(cwd=tmp_path, environment=asked)).out.decode().split()

    assert await completed("its sol") == ["solve"]
    assert await completed("its solve -c gre") == ["greedy"]


async def test_the_version_is_printed(tmp_path: Path) -> None:
    from its import __version__

    ended = await its("--version", cwd=tmp_path)
    assert (ended.code, ended.out.decode(), ended.err) == (0, f"its {__version__}\n", "")
