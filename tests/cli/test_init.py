"""`its init`: a commented pipeline that suits the problems and the model, and runs as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from its.cli.init import init
from its.errors import UsageError
from its.pipeline.load import load_pipeline
from tests.cli.process import its, problems_file
from tests.servers.dialect import DIALECTS, Dialect
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.process import ROOT

DATA = ROOT / "tests" / "data"


@pytest.mark.parametrize(
    ("name", "strategy", "method"),
    [
        ("gsm8k.jsonl", "self_consistency", "vote"),
        ("mmlu.jsonl", "self_consistency", "vote"),
        ("alpaca.json", "best_of_n", "universal"),
        ("humaneval.jsonl", "best_of_n", None),
    ],
)
def test_the_stages_and_the_choice_suit_the_problems(
    tmp_path: Path, name: str, strategy: str, method: str | None
) -> None:
    path = tmp_path / "mine.yaml"
    init([str(DATA / name)], output=path)
    pipeline = load_pipeline(str(path))
    assert pipeline.stages[0].strategy == strategy
    assert method is None or pipeline.select.method == method
    assert "\n# Read as" in path.read_text()


async def test_a_pipeline_for_an_endpoint_runs_as_it_is(tmp_path: Path) -> None:
    rows = [{"q": "What is 1 + 1?", "gold": "2"}, {"q": "What is 2 + 2?", "gold": "4"}]
    problems_file(tmp_path / "p.jsonl", rows)
    key = "sk-right-0123456789abcdef"
    small = Behaviour(dialect=Dialect(context=1000), key=key, models=("only",))
    async with HostileServer(small) as server:
        mine = ("--base-url", server.url, "--map", "question=q")
        shell = {"OPENAI_API_KEY": key}
        made = await its("init", "p.jsonl", *mine, cwd=tmp_path, environment=shell)
        assert made.code == 0, made.err
        assert "its solve p.jsonl -c pipeline.yaml" in made.err
        ended = await its(
            "solve", "p.jsonl", "-c", "pipeline.yaml", cwd=tmp_path, environment=shell
        )
    pipeline = load_pipeline(str(tmp_path / "pipeline.yaml"))
    assert (pipeline.model.name, pipeline.model.max_tokens) == ("only", 500)
    assert pipeline.input.map == {"question": "q"}
    assert ended.code == 0
    assert sorted(row["reference"] for row in ended.rows) == ["2", "4"]
    assert key not in (tmp_path / "pipeline.yaml").read_text()


async def test_of_several_models_one_must_be_named(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [{"question": "?"}])
    several = Behaviour(dialect=DIALECTS["vllm"], models=("small", "large"))
    async with HostileServer(several) as server:
        ended = await its("init", "p.jsonl", "--base-url", server.url, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, b"")
    assert "--model NAME: it lists small, large" in ended.err
    assert not (tmp_path / "pipeline.yaml").exists()


def test_nothing_is_overwritten_and_a_stream_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        init([str(DATA / "gsm8k.jsonl")], output=path)
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match="give `its init` a file"):
        init(["-"], output=tmp_path / "other.yaml")
