"""How an endpoint is named and reached, and that no secret of it is written."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runs.command import finish, its
from tests.runs.endpoint_runs import (
    ONE,
    after_probe,
    charged,
    run_pipeline,
    solve,
    statuses,
)
from tests.servers.canned import response
from tests.servers.odd import Asked, Counted, odd_server, refuses, says
from tests.servers.process import ROOT

pytestmark = pytest.mark.usefixtures("forking")

# --- ways in ------------------------------------------------------------------------------------


def documented(words: str) -> str:
    """The model section of the example that stands behind these words on the page of endpoints."""
    _, found, behind = (ROOT / "docs" / "endpoints.md").read_text().partition(words)
    assert found, words
    example = behind.split("```yaml\nmodel:\n", 1)[1].split("```")[0]
    assert example.count("\n") <= 5, "a five-line configuration"
    return example.rstrip()


def test_a_deployment_with_its_key_in_a_header_and_its_version_in_the_query(
    tmp_path: Path,
) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        right = "api-key: azure-secret-123" in asked.head
        right &= asked.path.endswith("/gpt-4o-mini/chat/completions?api-version=2024-10-21")
        right &= "authorization" not in asked.head.lower()
        return says(asked, counted) if right else refuses(counted, "no", status="404 Not Found")

    with odd_server(writes, response({}, status="404 Not Found")) as server:
        model = documented("An Azure deployment")
        assert "https://NAME.openai.azure.com" in model
        model = model.replace("https://NAME.openai.azure.com", server.url.removesuffix("/v1"))
        code, err = run_pipeline(tmp_path, model, AZURE_OPENAI_API_KEY="azure-secret-123")
        assert code == 0, err
        assert b"azure-secret-123" not in (tmp_path / "run" / "run.json").read_bytes()


@pytest.mark.parametrize("said", [True, False])
def test_an_endpoint_that_only_streams_needs_no_setting(tmp_path: Path, said: bool) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        if not asked.body.get("stream"):
            return refuses(counted, "This model only supports streaming: set stream to true")
        return says(asked, counted)

    with odd_server(writes) as server:
        model = documented("An endpoint that only streams")
        assert "  stream: true" in model
        model = model.replace("https://gateway.example/v1", server.url)
        model = model if said else model.replace("  stream: true", "")
        code, err = run_pipeline(tmp_path, model)
        assert code == 0, err
        assert server.counted.refusals == 1, "it is asked once, by the first call of all"
        assert charged(tmp_path) == server.counted.tokens


def test_headers_with_values_from_the_environment(tmp_path: Path) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        right = "x-access: team-secret-99" in asked.head.lower()
        right &= "authorization" not in asked.head.lower()
        return says(asked, counted) if right else refuses(counted, "no", status="401 No")

    model = documented("An endpoint behind a gateway")
    with odd_server(writes) as server:
        model = model.replace("https://gateway.example/v1", server.url)
        code, err = run_pipeline(tmp_path, model, TEAM_TOKEN="team-secret-99")
        assert code == 0, err
        code, err = run_pipeline(tmp_path, model)
        assert code == 2
        assert "TEAM_TOKEN" in err


def test_an_address_of_the_sixth_version(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    with odd_server(says, host="::1") as server:
        assert "[::1]" in server.url
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://[::1/v1", "base_url is no web address"),
        ("http://::1:8000/v1", "base_url is no web address"),
        ("http://[fe80::1%25nowhere]:9/v1", "its host name is not known"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_plainly(
    tmp_path: Path, address: str, words: str
) -> None:
    code, err = run_pipeline(tmp_path, f"  name: loopback\n  base_url: '{address}'")
    assert code in (2, 4), err
    assert words in err
    assert "internal error" not in err


def test_a_web_page_in_place_of_an_api_is_said_with_the_fix(tmp_path: Path) -> None:
    page = response(b"<!doctype html><html><body>Sign in</body></html>", kind="text/html")
    with odd_server(lambda asked, counted: page, page) as server:
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 4, err
        assert rows == []
        assert "a web page" in err
        assert "is base_url right?" in err
        assert "Traceback" not in err
        assert len(server.counted.asked) == 1, "a page is no passing fault"


def test_a_place_that_is_not_served_ends_the_run_with_the_cause(tmp_path: Path) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        code = "unsupported_country_region_territory"
        return refuses(counted, "Country not supported", status="403 Forbidden", code=code)

    for writes in (special, after_probe(special)):
        with odd_server(writes) as server:
            code, _, err = solve(server, tmp_path, *ONE, "--fresh", "--concurrency", "1")
            assert code == 4, err
            assert "does not serve the country or region" in err
            assert "API key" not in err
            assert "add credit" not in err
            assert server.counted.refusals == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"X_Retry_After": "1"}, {}),
        ({"retry_after_ms": "1000"}, {}),
        ({"x_ratelimit_reset_requests": "1s"}, {}),
        ({}, {"error": {"message": "busy", "details": [{"retryDelay": "1s"}]}}),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 1s."}}),
    ],
)
def test_a_stated_wait_is_kept_by_every_call(
    tmp_path: Path, headers: dict[str, str], body: dict[str, Any]
) -> None:
    refused: list[float] = []
    early: list[float] = []

    def special(asked: Asked, counted: Counted) -> bytes:
        if not refused:
            refused.append(time.monotonic())
            counted.refusals += 1
            return response(body, status="429 Too Many Requests", **headers)
        if time.monotonic() - refused[0] < 0.95:
            early.append(time.monotonic() - refused[0])
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        code, rows, err = solve(server, tmp_path, *ONE, "--concurrency", "1", problems=4)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 4
        assert early == []
        assert charged(tmp_path) == server.counted.tokens


# --- secrets ------------------------------------------------------------------------------------

PLANTED = {
    "user": "planted-user-pw-01",
    "access_token": "planted-access-02",
    "code": "planted-code-0003",
    "sig": "planted-sig-00004",
    "auth": "planted-auth-0005",
    "credentials": "planted-cred-0006",
    "passwd": "planted-pass-0007",
    "header": "planted-head-0008",
    "reply": "planted-head-0008",
    "nested": "planted-nest-0010",
    "camel": "planted-camel-011",
    "literal": "planted-litr-0012",
}


def test_no_planted_secret_is_written_or_shown(tmp_path: Path) -> None:
    echoed = " ".join(sorted(set(PLANTED.values())))

    def special(asked: Asked, counted: Counted) -> bytes:
        if "0 + 0" in asked.question:
            return refuses(counted, f"refused for {echoed}", status="400 Bad Request")
        return says(asked, counted, f"I know {echoed}. Answer: 4", reasoning_content=echoed)

    with odd_server(after_probe(special)) as server:
        host = server.url.removeprefix("http://")
        query = "&".join(f"{name}={PLANTED[name]}" for name in ("access_token", "code", "sig"))
        model = (
            "  name: loopback\n"
            f"  base_url: 'http://me:{PLANTED['user']}@{host}?{query}&api-version=1'\n"
            f"  headers: {{X-Team: $TEAM, X-Other: {PLANTED['literal']}}}\n"
            "  extra_body:\n"
            f"    auth: {PLANTED['auth']}\n    passwd: {PLANTED['passwd']}\n"
            f"    credentials: {{a: [{PLANTED['credentials']}]}}\n"
            f"    more: {{api_key: {PLANTED['nested']}, clientSecret: {PLANTED['camel']}}}"
        )
        code, err = run_pipeline(tmp_path, model, TEAM=PLANTED["header"])
        assert code == 3, err
        _, shown, said = finish(
            its("check", str(tmp_path / "pipeline.yaml"), TEAM=PLANTED["header"])
        )
    texts = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    texts |= {"stdout of check": shown, "messages": err.encode() + said.encode()}
    for name, text in texts.items():
        for planted in PLANTED.values():
            assert planted.encode() not in text, (name, planted)
    assert b"[key]" in texts["traces.jsonl"]


def test_two_secrets_are_two_runs(tmp_path: Path) -> None:
    with odd_server(says) as server:
        for value in ("a", "b"):
            more = ("--set", f"model.extra_body.api_key={value}-secret")
            code, _, err = solve(server, tmp_path, *ONE, *more)
            assert code == (0 if value == "a" else 2), err
        assert "secret value" in err
        assert "b-secret" not in err
