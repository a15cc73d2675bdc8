"""A model by its file, as commands run it: no server to start, and none left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from its.cli.options import resolve_pipeline
from its.errors import ConfigurationError, EndpointError, TransientCallError
from its.models.backends import backend_of
from its.models.local.gguf_file import read_gguf
from its.models.local.machine import MOST_SLOTS, Serving
from its.models.local.model import KNOWN, LocalModel
from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Received, Request
from its.models.settings import ModelSettings
from its.pipeline.clients import open_models
from its.pipeline.load import load_pipeline
from its.problems.problem import Message
from tests.local.files import header, tiny_model
from tests.runs.command import compute_of, finish, its, rows_of, write_problems

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
ASKED = Request((Message("user", "3+4*2"),), 8, 0.0)
HOW = Serving(threads=1, slots=2, context=256)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
async def model(tiny: Path) -> AsyncIterator[LocalModel]:
    opened = LocalModel(read_gguf(tiny), HOW, OpenAISettings("tiny", "http://127.0.0.1"))
    yield opened
    await opened.close()


def servers_of(parent: int) -> list[int]:
    """Processes that this one started and that serve a model."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            ppid = int(status.read_text().rsplit(")", 1)[1].split()[1])
            command = status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if ppid == parent and b"its.models.local.serve" in command:
            found.append(int(status.parent.name))
    return found


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.02)


def test_a_question_is_answered_and_nothing_stays(tiny: Path, tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 3)
    command = its(
        *("solve", str(problems), "-c", "greedy", "-m", str(tiny), "-o", str(tmp_path / "run")),
        *("--set", "model.max_tokens=8"),
    )
    code, _, err = finish(command)
    assert code in (0, 3), err
    assert len(rows_of(tmp_path / "run")) == 3
    totals = compute_of(tmp_path / "run")["totals"]
    assert totals["calls"] == totals["completions"] == 3  # nothing was spent on asking the server
    assert totals["flops"] > 0
    assert servers_of(command.pid) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_the_run_ends_its_server_ends(tiny: Path, tmp_path: Path, number: int) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 500)
    command = its(
        *("solve", str(problems), "-q", "-c", "greedy", "-m", str(tiny)),
        *("-o", str(tmp_path / "run"), "--set", "model.extra_body.ignore_eos=true"),
    )
    wait_until(lambda: servers_of(command.pid))
    (server,) = servers_of(command.pid)
    wait_until((tmp_path / "run" / "journal.sqlite").exists)
    os.kill(command.pid, number)
    finish(command)
    wait_until(lambda: not alive(server))


def test_the_fingerprint_is_of_the_content_not_of_the_path(tiny: Path, tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 1)
    moved = tmp_path / "moved.gguf"
    moved.write_bytes(tiny.read_bytes())
    for path in (tiny, moved):
        command = its(
            *("solve", str(problems), "-q", "-c", "greedy", "-m", str(path)),
            *("--set", "model.max_tokens=4"),
            cwd=tmp_path,
        )
        finish(command)
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no model file"),
        (b"<html>", "is no GGUF file"),
        (header({"general.architecture": "bert"}, {}), "no model that writes text"),
        (header({"general.architecture": "llama"}, {"w": (64, 64)}, 100), "is cut short"),
    ],
)
def test_a_file_that_cannot_be_run(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    code, out, err = finish(its("explain", "-m", str(path), "What is 1+1?"))
    assert (code, out) == (2, b"")
    assert sentence in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_header_without_a_model(tmp_path: Path) -> None:
    """Well formed, and llama.cpp cannot load it: its own reason is given."""
    path = tmp_path / "m.gguf"
    path.write_bytes(header({"general.architecture": "no-such-thing"}, {"w": (8, 8)}, 256))
    code, _, err = finish(its("explain", "-m", str(path), "What is 1+1?", cwd=tmp_path))
    assert code == 4
    assert "could not load" in err
    assert "no-such-thing" in err
    assert len(err.strip().splitlines()) <= 2


def test_without_the_extra(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("its.models.local.backend.find_spec", lambda name: None)
    settings = ModelSettings(name=str(tiny))
    with pytest.raises(ConfigurationError, match=r"pip install 'its\[local\]'"):
        backend_of(settings).open(settings, seed=0, streamed=True)


async def test_what_is_known_of_the_server_is_what_a_probe_finds(model: LocalModel) -> None:
    known, spent = await model.probe()
    assert spent.calls == 0
    client = await model._running()
    client.capabilities = None
    asking = OpenAIModel(client._settings)
    found, _ = await asking.probe()
    await asking.close()
    assert found == known
    assert known.context == HOW.context
    assert known.notes == KNOWN.notes


async def test_only_the_run_can_ask_it(model: LocalModel) -> None:
    client = await model._running()
    with pytest.raises(HTTPError, match="401"):
        await asyncio.to_thread(urlopen, f"{client._settings.url}/props".replace("/v1", ""))


async def test_a_server_that_dies_is_started_again_and_not_forever(model: LocalModel) -> None:
    await model.complete(ASKED, received=Received())
    for _ in range(2):
        await _kill_server(model)
        reply = await model.complete(ASKED, received=Received())
        assert (reply.usage.completion_tokens or 0) > 0
    await _kill_server(model)
    with pytest.raises(EndpointError, match="ended 3 times"):
        await model.complete(ASKED, received=Received())


async def test_a_call_in_flight_when_it_dies_can_be_tried_again(tiny: Path) -> None:
    endless = OpenAISettings("tiny", "http://127.0.0.1", extra_body={"ignore_eos": True})
    model = LocalModel(read_gguf(tiny), Serving(1, 1, 1024), endless)
    await model.probe()
    received = Received()
    long = Request(ASKED.messages, 900, 1.0)
    call = asyncio.create_task(model.complete(long, received=received))
    while not received.sent:  # noqa: ASYNC110 (a counter)
        await asyncio.sleep(0.001)
    await _kill_server(model)
    with pytest.raises(TransientCallError):
        await call
    await model.close()


async def _kill_server(model: LocalModel) -> None:
    assert model._server is not None
    model._server.process.kill()
    await model._server.process.wait()


def test_a_name_that_ends_in_gguf_at_an_endpoint_is_the_endpoints(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_endpoint = ModelSettings(name="models/x.gguf", base_url="http://127.0.0.1:1/v1")
    assert backend_of(at_endpoint).name == "endpoint"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert backend_of(ModelSettings(name="models/x.gguf")).name == "endpoint"
    assert backend_of(ModelSettings(name=str(tiny))).name == "local"
    assert backend_of(ModelSettings(file=str(tiny))).name == "local"


def test_what_is_taken_for_a_file_where_nothing_is_said(tiny: Path) -> None:
    file = ("model.file", str(tiny))
    default = resolve_pipeline(None, str(tiny), None)
    assert default.select.method == "cisc"
    assert default.select.reward is not None
    assert default.model.temperature == 0.5
    for named in (file, ("model.name", str(tiny))):
        other = load_pipeline("self_consistency", [named])
        assert (other.model.temperature, other.model.concurrency) == (0.5, MOST_SLOTS)
    own = load_pipeline("self_consistency", [file, ("model.temperature", 0.8)])
    assert own.model.temperature == 0.8


async def test_a_call_may_take_as_long_as_the_machine_needs_unless_the_pipeline_says_less(
    tiny: Path,
) -> None:
    file = ("model.file", str(tiny))
    waits = []
    for settings in ([file], [file, ("model.timeout.total", 5)]):
        model = load_pipeline("greedy", settings).model
        opened = backend_of(model).open(model, seed=0, streamed=False)
        assert isinstance(opened, LocalModel)
        waits.append(opened.settings.timeouts)
    assert waits[0].total == waits[0].first_token > 10_000
    assert (waits[1].total, waits[1].first_token) == (5, waits[0].first_token)


def test_whatever_a_file_is_there_for_no_more_calls_go_than_it_has_slots(tiny: Path) -> None:
    settings = [("model.file", str(tiny)), ("judge.file", str(tiny)), ("model.concurrency", 200)]
    pipeline = load_pipeline("thorough", settings)
    clients = open_models(pipeline).clients
    assert {client.slots.ceiling for client in clients.values()} == {MOST_SLOTS}


def test_no_process_serves_without_a_parent() -> None:
    """Its input at an end, it ends, whatever it was asked."""
    child = subprocess.run(
        [sys.executable, "-m", "its.models.local.serve"],
        input=b'{"path": "/no/such/file", "alias": "x", "key": "k", "slots": 1, "context": 64, '
        b'"threads": 1}\n',
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert child.stdout == b""
