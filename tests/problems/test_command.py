"""Bad input to the command itself: one plain sentence, the exit code, and nothing lost."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.command import clean_environment, finish, its, rows_of
from tests.servers.process import hostile_process

pytestmark = pytest.mark.slow

GOOD = b'{"id": "good", "question": "What is 1 + 1?", "answer": "2"}\n'


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("nowhere.jsonl", None, "there is no file {path}; check the path"),
        ("empty.jsonl", b"", "{path} is empty; give one JSON object per line"),
        ("blank.jsonl", b"\n\n", "{path} is empty; give one JSON object per line"),
        ("folder", "directory", "{path} is a directory; name a .jsonl file in it"),
        ("list.json", b'[{"note": "q"}]', "has no question"),
        ("wide.jsonl", '{"question": "q"}'.encode("utf-16"), "{path} is UTF-16 text"),
        ("torn.jsonl.gz", gzip.compress(GOOD, mtime=0)[:12], "{path}: the gzip data is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_exit_code_2(
    tmp_path: Path, name: str, content: bytes | str | None, told: str
) -> None:
    path = tmp_path / name
    if content == "directory":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    code, out, err = finish(its("solve", str(path), "-o", str(tmp_path / "run"), "-q"))
    assert (code, out) == (2, b"")
    assert told.format(path=path) in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.jsonl"
    path.write_bytes(GOOD)
    path.chmod(0)
    try:
        path.read_bytes()
    except PermissionError:
        code, _, err = finish(its("solve", str(path), "-q"))
        assert code == 2
        assert f"{path} may not be read" in err
    else:
        pytest.skip("this user may read every file")


def test_empty_standard_input_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    with hostile_process() as server:
        command = [sys.executable, "-m", "its", "solve", "-", "-q", "-o", str(tmp_path / "run")]
        done = subprocess.run(
            [*command, "-m", "loopback", "--base-url", server.url],
            input=b"",
            capture_output=True,
            env=clean_environment(),
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"standard input is empty; give one JSON object per line" in done.stderr
    assert b"Traceback" not in done.stderr


BAD_LINES = {
    b'{"question": "q\xff"}': "is not UTF-8 (byte 16 of the line)",
    b'{"question": "\\ud800"}': "holds half a surrogate pair",
    b'{"question": "q", "answer": NaN}': "holds NaN, which JSON does not have",
    b'{"question": ' + b"[" * 5000: "is nested too deep",
    b'{"question": "q", "answer"': "is not whole JSON",
    b"question,answer": "is not JSON at column 1",
    b'{"note": "q"}': "has no question",
    b'{"question": 5}': "field 'question' must be text, not a number",
    b'{"id": "good", "question": "again"}': "id 'good' was used before",
}


def test_bad_lines_are_failed_rows_and_the_others_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    last = b'{"id": "last", "question": "' + b"x" * 10_000_000 + b'"}\n'
    path.write_bytes(GOOD + b"\n".join(BAD_LINES) + b"\n" + last)
    with hostile_process({"tokens": 5}) as server:
        run = tmp_path / "run"
        code, _, err = finish(
            its(*("solve", str(path), "-c", "greedy", "-q", "-o", str(run)),
                *("-m", "loopback", "--base-url", server.url))
        )  # fmt: skip
        assert code == 3, err
    rows = {row["id"]: row for row in rows_of(run)}
    in_order = sorted(rows, key=lambda name: rows[name]["index"])
    assert in_order == ["good", *(f"line:{n}" for n in range(2, len(BAD_LINES) + 2)), "last"]
    assert rows["good"]["status"] == "answered"
    for number, complaint in enumerate(BAD_LINES.values(), start=2):
        row = rows[f"line:{number}"]
        assert row["status"] == "failed"
        assert row["error"].startswith(f"line {number}: ")
        assert complaint in row["error"]
