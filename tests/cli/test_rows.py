"""What people do with a run: its rows shown, filtered, grouped, as a table, explained, bare."""

from __future__ import annotations

import asyncio
import csv
import os
import pty
import sys
from pathlib import Path

import orjson
import pytest

from its.errors import ConfigurationError
from its.pipeline.load import load_pipeline
from tests.cli.process import Ended, its, problems_file, run_directory, solve
from tests.runs.command import clean_environment, rows_of
from tests.servers.hostile import HostileServer
from tests.servers.script import hashed_words, rules

ROWS = [
    {"id": "even", "question": "Say 4", "answer": "4", "subject": "sums", "note": "=1+1"},
    {"id": "odd", "question": "Say 5", "answer": "7", "subject": "sums"},
    {"id": "split", "question": "Say 4 or 5", "subject": "dice"},
    {"id": "bad", "note": "no question"},
]
SAYS = rules(
    [
        ("Say 4 or 5", (("The answer is 4", 1.0), ("The answer is 5", 1.0))),
        ("Say 4", (("The answer is 4", 1.0),)),
        ("Say 5", (("The answer is 5", 1.0),)),
    ],
    hashed_words(8),
)
CONFIG = ("-c", "self_consistency", "--set", "stages.0.n=8", "--set", "stop.rule=none")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the rows above, with its table beside it."""
    directory = tmp_path_factory.mktemp("run")
    problems_file(directory / "p.jsonl", ROWS)

    async def command() -> Ended:
        async with HostileServer(script=SAYS) as server:
            return await solve(server, "p.jsonl", *CONFIG, "--csv", "t.csv", cwd=directory)

    ended = asyncio.run(command())
    assert ended.code == 3
    (directory / "said").write_text(ended.err)
    return directory


async def shown(run: Path, *arguments: str) -> list[str]:
    """The ids that `its show` gives in a pipe."""
    ended = await its("show", str(run_directory(run)), *arguments, cwd=run)
    assert (ended.code, ended.err) == (0, "")
    return [row["id"] for row in ended.rows]


async def test_rows_are_filtered_and_sorted(run: Path) -> None:
    assert sorted(await shown(run)) == ["bad", "even", "odd", "split"]
    assert await shown(run, "--wrong") == ["odd"]
    assert await shown(run, "--unsure") == ["split"]
    assert await shown(run, "--failed") == ["bad"]
    assert set(await shown(run, "--wrong", "--failed")) == {"odd", "bad"}
    assert len(await shown(run, "--limit", "2")) == 2


async def test_rows_are_grouped_by_a_field_of_the_metadata(run: Path) -> None:
    ended = await its("show", str(run_directory(run)), "--by", "subject", cwd=run)
    groups = {row["subject"]: row for row in ended.rows}
    assert (groups["sums"]["problems"], groups["sums"]["graded"]) == (2, 2)
    assert groups["sums"]["correct"] == 1
    assert groups["dice"]["graded"] == 0


async def test_a_field_that_no_row_has_gets_a_suggestion(run: Path) -> None:
    ended = await its("show", str(run_directory(run)), "--by", "subjet", cwd=run)
    assert ended.code == 2
    assert "no row has the field 'subjet'; did you mean 'subject'?" in ended.err


def test_the_table_has_a_column_for_every_field_and_no_formulas(run: Path) -> None:
    with (run / "t.csv").open(encoding="utf-8", newline="") as file:
        table = {row["id"]: row for row in csv.DictReader(file)}
    assert set(table) == {"even", "odd", "split", "bad"}
    assert (table["odd"]["answer"], table["odd"]["reference"]) == ("5", "7")
    assert (table["odd"]["correct"], table["odd"]["metadata.subject"]) == ("False", "sums")
    assert table["even"]["metadata.note"] == "'=1+1", "no spreadsheet takes it for a formula"
    assert table["even"]["usage.usd"] == "", "a price that is unknown is not 0"
    assert "no question" in table["bad"]["error"]


def test_the_summary_ends_with_what_is_worth_a_look_and_the_accuracy(run: Path) -> None:
    said = (run / "said").read_text()
    path = run_directory(run).relative_to(run)
    wrong, unsure = said.index("Wrong, the surest first:"), said.index("Least sure:")
    command = said.index(f"its explain --run {path} --id odd")
    accuracy = said.rindex("1 of 2")
    assert wrong < unsure < command < accuracy
    assert said.strip().splitlines()[-1].startswith("scaled"), "accuracy comes last"


async def test_explaining_a_run_without_an_id_takes_the_first_worth_a_look(run: Path) -> None:
    ended = await its("explain", str(run_directory(run)), cwd=run)
    assert ended.code == 0
    assert "Say 5" in ended.out.decode()
    assert "split" in ended.err, "the others are named"


async def test_a_problem_without_a_call_has_no_price(run: Path) -> None:
    ended = await its("explain", "--run", str(run_directory(run)), "--id", "bad", cwd=run)
    assert ended.code == 0
    assert "nothing: no call was made" in ended.out.decode()
    assert "$0" not in ended.out.decode() + (run / "said").read_text()


async def test_a_long_table_is_paged_without_codes_in_its_text(run: Path) -> None:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "its", "show", str(run_directory(run)), cwd=run, stdin=slave,
        stdout=slave, stderr=slave,
        env=clean_environment() | {"TERM": "xterm", "LINES": "3", "COLUMNS": "80", "PAGER": "cat"},
    )  # fmt: skip
    os.close(slave)
    await asyncio.wait_for(process.wait(), timeout=60)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert "reference" in shown
    assert "\x1b[" not in shown, "of another pager than less nothing is known"


async def test_an_id_that_is_not_there_gets_a_suggestion(run: Path) -> None:
    ended = await its("explain", "--run", str(run_directory(run)), "--id", "spilt", cwd=run)
    assert ended.code == 2
    assert "did you mean 'split'?" in ended.err


async def test_bare_rows_hold_nothing_of_the_input_and_are_graded_all_the_same(
    tmp_path: Path,
) -> None:
    problems_file(tmp_path / "p.jsonl", ROWS)
    async with HostileServer(script=SAYS) as server:
        ended = await solve(server, "p.jsonl", "-c", "greedy", "--bare-rows", cwd=tmp_path)
        asked = server.stats.completions
        problems_file(tmp_path / "p.jsonl", [ROWS[0], {**ROWS[1], "answer": "5"}, *ROWS[2:]])
        again = await solve(server, "p.jsonl", "-c", "greedy", "--bare-rows", cwd=tmp_path)
        assert server.stats.completions == asked, "the same run: nothing is asked again"
    run = run_directory(tmp_path)
    for rows, odd in ((ended.rows, False), (again.rows, True)):
        verdicts = {row["id"]: row["correct"] for row in rows}
        assert verdicts == {"even": True, "odd": odd, "split": None, "bad": None}
        assert not {"question", "reference", "metadata"} & {key for row in rows for key in row}
    assert sorted(map(str, rows_of(run))) == sorted(map(str, again.rows))
    for command in (("show",), ("grade",), ("explain", "--id", "odd", "--run")):
        assert (await its(*command, str(run), cwd=tmp_path)).code == 0


async def test_the_pipeline_says_how_the_input_is_read(tmp_path: Path) -> None:
    rows = [{"uid": "a", "body": {"ask": "Say 4"}, "gold": {"n": "4"}, "head": "Please."}]
    problems_file(tmp_path / "p.jsonl", rows)
    (tmp_path / "mine.yaml").write_text(
        "input:\n  map: {reference: gold.n, id: uid}\n"
        "  template: |-\n    {head}\n\n    {body.ask}\n"
        "stages: [{strategy: greedy}]\n"
    )
    async with HostileServer(script=SAYS) as server:
        model = ("-m", "loopback", "--base-url", server.url, "-c", "mine.yaml")
        ended = await its("solve", "p.jsonl", *model, cwd=tmp_path)
        other = ("--template", "{body.ask}\\n{head}", "-o", "b")
        typed = await its("solve", "p.jsonl", *model, *other, cwd=tmp_path)
        named = await its("solve", "p.jsonl", *model, "--map", "question=body.ask", "-o", "c",
                          cwd=tmp_path)  # fmt: skip
    assert [row["question"] for row in (*ended.rows, *typed.rows, *named.rows)] == [
        "Please.\n\nSay 4",
        "Say 4\nPlease.",
        "Say 4",
    ]
    assert [(row["id"], row["correct"]) for row in ended.rows] == [("a", True)]
    graded = await its("grade", str(run_directory(tmp_path)), cwd=tmp_path)
    assert (graded.code, graded.out) == (0, b""), "graded as it was read: nothing changes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input: {map: {questoin: a}}", "did you mean 'question'?"),
        ("input: {template: no field}", "names no field"),
        ("input: {map: {question: a, reference: a}}", "show the model its reference"),
        ("input: {templat: x}", "did you mean `template`?"),
    ],
)
def test_an_input_that_cannot_be_read_so_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}\nstages: [{{strategy: greedy}}]\n")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml line 1: input") as caught:
        load_pipeline(str(path))
    assert said in str(caught.value)


async def test_the_judge_reads_items_by_map_and_template(tmp_path: Path) -> None:
    item = {"uid": "a", "ask": "Which?", "hint": "Be brief.", "responses": ["x", "y"], "label": 0}
    problems_file(tmp_path / "p.jsonl", [item])
    score = rules([(".", (("Score: 5", 1.0),))], hashed_words(8))
    async with HostileServer(script=score) as server:
        ended = await its(
            "judge", "p.jsonl", "-m", "loopback", "--base-url", server.url, "--map", "id=uid",
            "--template", "{hint}\\n{ask}", "--reward", "self_evaluation", cwd=tmp_path,
        )  # fmt: skip
    assert ended.code == 0, ended.err
    assert [row["id"] for row in ended.rows] == ["a"]
    traces = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("traces.jsonl"))
    assert orjson.dumps("Be brief.\nWhich?")[1:-1] in traces
