"""`its solve --ray` on a cluster of two nodes, with workers, nodes and drivers that are killed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ray.cluster import small_cluster
from tests.ray.kills import BEHAVIOUR, Kills
from tests.runs.command import SEARCH_RULES, decided, finish, its, rows_of, write_problems
from tests.servers.process import hostile_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray"),
]


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kills]:
    with small_cluster(2) as cluster, hostile_process(BEHAVIOUR, SEARCH_RULES) as server:
        yield Kills(cluster, server, tmp_path_factory.mktemp("kills"))


@pytest.mark.parametrize(("kind", "moments"), [("worker", 2), ("driver", 2), ("node", 1)])
def test_a_kill_changes_no_row_and_costs_at_most_the_calls_in_flight(
    kills: Kills, kind: str, moments: int
) -> None:
    outcome = kills.through(kind, moments, seed=1)
    assert outcome.clean, outcome


@pytest.mark.parametrize("how", ["greedy", "self_consistency --batch-budget 20"])
def test_workers_of_this_machine_give_the_rows_of_one_process(tmp_path: Path, how: str) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 6)
    call = ["solve", str(problems), "-m", "embedded", "--set", "model.max_tokens=8"]
    call += ["-c", *how.split()]
    assert finish(its(*call, "-q", "-o", str(tmp_path / "one")))[0] == 3
    code, out, err = finish(its(*call, "--workers", "2", "-o", str(tmp_path / "two")))
    assert code == 3, err
    assert len(out.splitlines()) == 6
    assert decided(rows_of(tmp_path / "two")) == decided(rows_of(tmp_path / "one"))
    assert "worker 1 on " in err, "the summary says what each has done"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ray", "127.0.0.1:1"], "no Ray cluster at 127.0.0.1:1"),
        (["--ray", "ray://head:10001"], "ray job submit"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    tmp_path: Path, options: list[str], said: str
) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 2)
    call = ["solve", str(problems), "-m", "embedded", "-c", "self_consistency"]
    code, out, err = finish(its(*call, *options, cwd=tmp_path))
    assert code == 2, err
    assert not out
    assert said in err
    assert "Traceback" not in err
