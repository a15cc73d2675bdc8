"""Replaying recorded scores: by number of samples, and with adaptive stopping."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from its.errors import InputError
from its.judging.recorded import read_recorded, replay
from its.rewards.voting import AdaptiveVoting

RECORDED = Path(__file__).parents[3] / "shared/data/judgments"
JUDGES = ("gpt-5.4", "gpt-5.4-mini", "claude-haiku-4.5")
needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"recorded judgements are not in {RECORDED}"
)


def its(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "its", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_known_answers(tmp_path: Path) -> None:
    """Three items by hand: a tie that the second sample breaks, a wrong leader, an abstention."""
    path = write(
        tmp_path / "scores.jsonl",
        {"id": "a", "label": 0, "scores": [[5, 9], [5, 3]]},
        {"id": "b", "label": 0, "scores": [[2, 2], [9, 9]]},
        {"id": "c", "label": 1, "scores": [[None, 4], [8, None]]},
    )
    figures = replay(read_recorded(str(path)), AdaptiveVoting())
    assert figures["by_k"][0] == {"k": 1, "strict": 0.333333, "ties_even": 0.5}
    assert figures["by_k"][1] == {"k": 2, "strict": 0.666667, "ties_even": 0.666667}
    assert 1 <= figures["adaptive"]["mean_k"] <= 2


def test_unlabelled_items_count_for_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "scores.jsonl", {"id": "a", "scores": [[5], [6]]})
    figures = replay(read_recorded(str(path)), AdaptiveVoting())
    assert (figures["items"], figures["labelled"], figures["by_k"]) == (1, 0, [])


@needs_recordings
@pytest.mark.parametrize("judge", JUDGES)
def test_one_shipped_setting_reaches_eight_samples_with_fewer_than_a_fixed_margin(
    judge: str,
) -> None:
    """A fixed margin of 3 points needs 3.0, 3.4 and 3.0 samples on average."""
    figures = replay(
        read_recorded(str(RECORDED / f"rewardbench2__{judge}__k8.jsonl.gz")), AdaptiveVoting()
    )
    eight, adaptive = figures["by_k"][7], figures["adaptive"]
    fixed_margin = dict(zip(JUDGES, (3.0, 3.4, 3.0), strict=True))
    assert adaptive["strict"] >= eight["strict"] - 0.002
    assert adaptive["ties_even"] >= eight["ties_even"] - 0.002
    assert adaptive["mean_k"] < fixed_margin[judge]


@needs_recordings
def test_the_command_writes_the_figures(tmp_path: Path) -> None:
    source = RECORDED / "rewardbench2__gpt-5.4__k8.jsonl.gz"
    done = its("judge", "--recorded", source, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "out/judge.json").read_text())
    first, eight = figures["by_k"][0], figures["by_k"][7]
    assert (first["k"], eight["k"]) == (1, 8)
    assert first["strict"] == pytest.approx(0.72, abs=0.004)
    assert eight["strict"] == pytest.approx(0.815, abs=0.004)
    assert first["ties_even"] == pytest.approx(0.797, abs=0.004)
    assert eight["ties_even"] == pytest.approx(0.833, abs=0.004)
    assert figures["adaptive"]["mean_k"] <= 3.4
    assert done.stdout == ""


def test_without_a_directory_the_figures_go_to_standard_output(tmp_path: Path) -> None:
    path = write(tmp_path / "scores.jsonl", {"id": "a", "label": 0, "scores": [[5], [6]]})
    done = its("judge", "--recorded", path)
    assert json.loads(done.stdout)["by_k"] == [{"k": 1, "strict": 0.0, "ties_even": 0.0}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"scores": []}', "line 1: `scores` must hold a list of scores for each response"),
        ('{"scores": [[1], [2, 3]]}', "line 1: every response needs as many `scores`"),
        ('{"scores": [["8"], [2]]}', "line 1: `scores` holds text"),
        ('{"scores": [[8], [2]], "label": 2}', "line 1: `label` must be a response's number"),
        ('{"scores": [[8], [2]], "label": true}', "line 1: `label` must be a response's number"),
        ('{"scores": [[NaN]]}', "line 1: holds NaN"),
        ("[1]", "line 1: holds a list"),
        ("{", "line 1: is not whole JSON"),
        ("", "is empty"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(line)
    with pytest.raises(InputError, match=re.escape(words)):
        read_recorded(str(path))


def test_a_damaged_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"scores": [[1], [2]]}\n' * 1000)[:-20])
    with pytest.raises(InputError, match="damaged"):
        read_recorded(str(path))


def test_the_command_says_it_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"scores": [["8"], [2]]}')
    done = its("judge", "--recorded", path)
    assert done.returncode == 2
    assert done.stderr == (f"its: {path}, line 1: `scores` holds text; write numbers or null\n")


@pytest.mark.parametrize("arguments", [(), ("a.jsonl", "--recorded", "b.jsonl")])
def test_one_source_is_wanted(arguments: tuple[str, ...]) -> None:
    done = its("judge", *arguments)
    assert done.returncode == 2
    assert "either a file of responses" in done.stderr
