"""The file without a browser: its policy, its library, what it leaves out, and the commands."""

from __future__ import annotations

import base64
import gzip
import re
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest

from its.analysis.outcomes import outcome_of
from its.errors import RunDirectoryError
from its.report.bundle import joined, script
from its.report.page import render_page
from its.report.reading import read_run_data
from its.report.stories import glimpse, pack_stories
from its.report.summary import summary_html
from its.report.writing import write_report
from tests.report.made_run import row, sampled_run, sampled_story, write_run
from tests.runs.command import compute_of, finish, its, rows_of
from tests.servers.process import ROOT

VENDOR = ROOT / "src" / "its" / "report" / "vendor"


def opened(chunk: str) -> Any:
    return orjson.loads(gzip.decompress(base64.b64decode(chunk)))


def test_the_policy_names_the_one_script_and_style_that_the_page_has() -> None:
    page = render_page("</title><script>alert(1)</script>", {"runs": []}, [])
    policy = unescape(re.search(r'http-equiv="[\w-]+" content="([^"]*)"', page)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    scripts = re.findall(r'<script type="module">(.*?)</script>', page, re.S)
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert len(scripts) == len(styles) == 1
    for text in (*scripts, *styles):
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert page.count("<script") == 2  # that one, and the data
    assert "<title>&lt;/title&gt;" in page


def test_the_library_is_as_it_was_fetched_and_its_licence_goes_with_it() -> None:
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    assert "The MIT License" in script()
    assert "The MIT License" in render_page("x", {}, [])


def test_the_modules_are_joined_once_each_and_build_no_markup() -> None:
    code = joined("main.js")
    assert not re.findall(r"^(import|export)\b", code, re.M)
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", code, re.M)
    assert sorted(names) == sorted(set(names))
    for means in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert means not in code


def test_stories_of_the_doubtful_come_first_and_the_surest_are_left_out(tmp_path: Path) -> None:
    run = sampled_run(tmp_path / "run", 1500, samples=4)
    outcomes = [outcome_of(each) for each in rows_of(run)]
    whole = pack_stories(run, outcomes, 10**9)
    assert whole.left_out == 0
    assert set(whole.places) == {outcome.id for outcome in outcomes}
    packed = pack_stories(run, outcomes, sum(map(len, whole.chunks)) // 2)
    assert sum(map(len, packed.chunks)) <= sum(map(len, whole.chunks)) // 2
    assert 0 < packed.left_out == len(outcomes) - len(packed.places)
    kept = [o.confidence or 0 for o in outcomes if o.correct and o.id in packed.places]
    left = [o.confidence or 0 for o in outcomes if o.id not in packed.places]
    assert max(kept, default=0) <= min(left)
    assert all(o.correct for o in outcomes if o.id not in packed.places)


def test_the_last_trace_of_a_problem_that_was_tried_again_counts(tmp_path: Path) -> None:
    first = sampled_story("first?", ["a", "b"], ["1", "2"], row("a", 0)["usage"])
    again = sampled_story("again?", ["c", "d"], ["2", "2"], row("a", 0)["usage"])
    run = write_run(tmp_path / "run", [row("a", 0, answer="2")], {"a": first})
    other = write_run(tmp_path / "other", [row("a", 0)], {"a": again})
    with (run / "traces.jsonl").open("ab") as file:
        file.write((other / "traces.jsonl").read_bytes())
        file.write(b'{"problem":"a","seq":0,"event":"question","text":"torn')
    packed = pack_stories(run, read_run_data(run).outcomes, 10**6)
    events = opened(packed.chunks[0])["a"]
    assert len(events) == len(again)
    assert events[0]["text"] == "again?"
    assert packed.glimpses["a"].question == "again?"


def test_changed_means_that_the_first_stage_votes_for_another_answer() -> None:
    def candidate(stage: str, answer: str | None) -> dict[str, Any]:
        return {"event": "candidate", "stage": stage, "answer": answer, "kind": "number"}

    events = [candidate("a", "1"), candidate("a", "1"), candidate("b", "2")]
    assert glimpse(events, "2").changed
    assert not glimpse(events, "1").changed
    assert not glimpse([candidate("a", "0.5")], "1/2").changed
    assert glimpse([candidate("a", None), candidate("b", "2")], "2").changed
    assert not glimpse([], "2").changed


def test_a_run_without_accounts_or_traces_can_be_shown(tmp_path: Path) -> None:
    run = sampled_run(tmp_path / "run", 5)
    for name in ("compute.json", "traces.jsonl", "run.json"):
        (run / name).unlink()
    written = write_report([run], tmp_path / "r.html", size=10**6)
    assert written.left_out == 5
    page = (tmp_path / "r.html").read_text()
    content = opened(re.search(r'id="core">([^<]*)<', page)[1])  # type: ignore[index]
    assert content["runs"][0]["accounts"] is None
    assert len(content["runs"][0]["problems"]["id"]) == 5


def test_what_is_no_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is no run directory"):
        write_report([tmp_path], tmp_path / "r.html", size=0)
    (tmp_path / "solutions.jsonl").write_bytes(b"")
    with pytest.raises(RunDirectoryError, match="no solved problem yet"):
        write_report([tmp_path], tmp_path / "r.html", size=0)
    (tmp_path / "solutions.jsonl").write_bytes(b"{\n")
    with pytest.raises(RunDirectoryError, match="cannot read"):
        write_report([tmp_path], tmp_path / "r.html", size=0)


def test_a_summary_for_a_notebook_is_small_and_escaped(tmp_path: Path) -> None:
    run = sampled_run(tmp_path / "run", 40)
    data = read_run_data(run)
    text = summary_html("<b>run</b>", data.outcomes, data.accounts)
    right = sum(each["correct"] for each in rows_of(run))
    assert "&lt;b&gt;run&lt;/b&gt;" in text
    assert f"{right} of 40" in text
    assert f"{compute_of(run)['totals']['completions']:,}" in text
    assert "greedy" not in text
    assert "<script" not in text
    assert summary_html("x", data.outcomes).startswith("<table>")


@pytest.mark.slow
def test_compare_says_it_to_people_and_to_programs(tmp_path: Path) -> None:
    for name, samples in (("few", 1), ("many", 9), ("most", 15)):
        sampled_run(tmp_path / name, 80, samples)
    code, out, err = finish(its("compare", "few", "many", "most", cwd=tmp_path))
    assert code == 0, err
    lines = [orjson.loads(line) for line in out.splitlines()]
    assert [line["second_run"] for line in lines] == ["many", "most"]
    rows = [{r["id"]: r["correct"] for r in rows_of(tmp_path / run)} for run in ("few", "many")]
    assert lines[0]["second_only"] == [i for i in rows[0] if rows[1][i] and not rows[0][i]]
    assert lines[0]["first_only"] == [i for i in rows[0] if rows[0][i] and not rows[1][i]]
    difference = sum(rows[1].values()) - sum(rows[0].values())
    assert lines[0]["difference"] == difference / 80
    assert lines[0]["low"] <= difference / 80 <= lines[0]["high"]
    assert lines[0]["p_value"] <= lines[0]["p_adjusted"]
    assert lines[0]["costs"][1]["completions"] == 9 * 80
    assert "many against few" in err
    assert f"{100 * difference / 80:+.1f} points" in err
    assert "9.0×" in err


@pytest.mark.slow
def test_compare_refuses_what_is_no_run(tmp_path: Path) -> None:
    code, _, err = finish(its("compare", "a", "b", cwd=tmp_path))
    assert code == 2
    assert err.startswith("its: a is no run directory")


@pytest.mark.slow
def test_report_writes_beside_the_run_unless_an_output_is_given(tmp_path: Path) -> None:
    sampled_run(tmp_path / "run", 3)
    code, out, err = finish(its("report", "run", cwd=tmp_path))
    assert (code, out) == (0, b"")
    assert err.startswith("Wrote run/report.html (0.")
    code, _, _ = finish(its("report", "run", "-o", "x.html", "--size", "0", cwd=tmp_path))
    assert code == 0
    assert (tmp_path / "x.html").stat().st_size < (tmp_path / "run/report.html").stat().st_size
