"""Secrets are neither shown nor stored; what is none stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.redaction import (
    Secrets,
    is_secret_name,
    public_address,
    redact,
    redact_message,
    secrets_of_address,
    secrets_of_data,
)

KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("broken", ["http://[::1/v1", "http://me:pw@[::1/v1?token=abc#x"])
def test_an_address_that_cannot_be_taken_apart_is_shown_without_user_and_query(broken: str) -> None:
    assert public_address(broken) == "http://[::1/v1"
    assert secrets_of_address(broken) == []


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apiKey",
        "x-api-key",
        "auth",
        "Authorization",
        "credentials",
        "passwd",
        "token",
        "access_token",
        "clientSecret",
        "pwd",
        "sig",
        "signature",
        "cookie",
        "private_key",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "eos_token",
        "stop_token",
        "top_k",
        "tokens",
        "api_key_env",
        "key_header",
        "keyword",
        "author",
        "passage",
        "monkey",
        "design",
        "code",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"base_url": "https://u:p@h/v1?code=1&sig=2"}, {"base_url": "https://h/v1"}),
        (
            {"extra_body": {"auth": {"user": "a", "n": 1}}},
            {"auth": {"user": "[key]", "n": "[key]"}},
        ),
        ({"extra_body": {"eos_token": "</s>", "top_k": 4}}, {"eos_token": "</s>", "top_k": 4}),
        ({"extra_body": {"note": "token=abcdefgh x"}}, {"note": "token=[key] x"}),
        ({"headers": {"X-Anything": "hidden"}}, {"X-Anything": "[key]"}),
        ({"headers": {"X-A": "${NAME}", "B": "Bearer $T"}}, {"X-A": "${NAME}", "B": "Bearer $T"}),
    ],
)
def test_a_configuration(data: dict[str, Any], shown: dict[str, Any]) -> None:
    (found,) = redact(data).values()
    assert found == shown.get("base_url", shown)


def test_prose_keeps_what_only_looks_like_a_setting() -> None:
    prompts = {"prompts": {"attempt": "Write key=value pairs, key-takeaways and token=x."}}
    assert redact(prompts) == prompts
    assert "0123" not in redact({"prompts": {"attempt": f"Use {KEY} now"}})["prompts"]["attempt"]


@pytest.mark.parametrize(
    "words",
    [
        f"Incorrect API key provided: {KEY}",
        f"Bearer {KEY} refused",
        f"https://me:{KEY}@host/v1?access_token={KEY}&code={KEY}",
        f'{{"credentials": "{KEY}"}}',
        "password: hunter2-and-more",
    ],
)
def test_a_message(words: str) -> None:
    shown = redact_message(words)
    assert "secret" not in shown
    assert "hunter2" not in shown


def test_known_secrets_are_found_in_every_form() -> None:
    secrets = Secrets(
        [
            "pa ss/word+1",
            *secrets_of_address("https://h/v1?api-version=2024-10-21&sig=abcdefghij"),
            *secrets_of_data({"auth": ["nested-secret"], "top_k": "40"}),
        ]
    )
    said = "pa ss/word+1 pa%20ss%2Fword%2B1 cGEgc3Mvd29yZCsx abcdefghij nested-secret 2024-10-21"
    assert secrets.in_data(said) == "[key] [key] [key] [key] [key] 2024-10-21"


def test_a_key_that_is_a_word_spoils_no_answer() -> None:
    secrets = Secrets(["EMPTY"])
    assert secrets.in_data("The set is EMPTY.") == "The set is EMPTY."
    assert secrets.in_message("key EMPTY refused, EMPTYING") == "key [key] refused, EMPTYING"


@given(st.text())
def test_a_shown_address_has_no_query(path: str) -> None:
    shown = public_address("https://host/v1?" + path.replace("#", ""))
    assert shown == "https://host/v1"


@given(st.text(), st.text())
def test_any_text_can_be_redacted(before: str, after: str) -> None:
    redact_message(before + KEY + after)
    assert KEY not in Secrets([KEY]).in_data(before + KEY + after)
