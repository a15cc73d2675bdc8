"""What an endpoint can do is asked once, and again when anything about it changes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from its.models.capability_cache import LIFETIME, Place, keep, recall
from its.models.protocol import Capabilities
from its.models.remembered import Remembered, cache_folder

LISTED = [{"id": "m", "created": 1, "meta": {"n_ctx": 4096}}]
PLACE = Place("http://127.0.0.1:1/v1", "m", "chat", LISTED, {})
FOUND = Capabilities(n=True, context=4096, notes=("a note",))


def test_findings_are_remembered() -> None:
    assert recall(PLACE) is None
    keep(PLACE, FOUND)
    assert recall(PLACE) == FOUND


@pytest.mark.parametrize(
    "change",
    [
        {"address": "http://127.0.0.1:2/v1"},
        {"model": "other"},
        {"api": "completions"},
        {"extra_body": {"top_k": 1}},
        {"listed": [{"id": "m", "created": 1, "meta": {"n_ctx": 8192}}]},
        {"listed": [*LISTED, {"id": "another"}]},
    ],
)
def test_another_place_is_asked_itself(change: dict[str, Any]) -> None:
    keep(PLACE, FOUND)
    assert recall(replace(PLACE, **change)) is None


def test_the_time_at_which_a_list_was_made_changes_nothing() -> None:
    keep(PLACE, FOUND)
    later = replace(PLACE, listed=[LISTED[0] | {"created": 2}])
    assert recall(later) == FOUND


def test_what_was_left_open_is_asked_again() -> None:
    keep(PLACE, replace(FOUND, notes=("n could not be found out: a reset",)))
    assert recall(PLACE) is None


def test_an_endpoint_that_lists_nothing_is_always_asked() -> None:
    unlisted = replace(PLACE, listed=[])
    keep(unlisted, FOUND)
    assert recall(unlisted) is None


def test_findings_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    keep(PLACE, FOUND)
    now = time.time()
    monkeypatch.setattr("its.models.remembered.time.time", lambda: now + LIFETIME + 1)
    assert recall(PLACE) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"k": 1}', b"\xff", b'{"k": {}}'])
def test_a_damaged_cache_is_an_empty_one(content: bytes) -> None:
    keep(PLACE, FOUND)
    (cache_folder() / "capabilities.json").write_bytes(content)
    assert recall(PLACE) is None
    keep(PLACE, FOUND)
    assert recall(PLACE) == FOUND


def test_a_cache_that_cannot_be_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep(PLACE, FOUND)
    assert recall(PLACE) is None


def test_no_address_is_written_down() -> None:
    secret = replace(PLACE, address="http://user:secret@127.0.0.1:1/v1")
    keep(secret, FOUND)
    assert b"127.0.0.1" not in (cache_folder() / "capabilities.json").read_bytes()


def test_entries_do_not_pile_up() -> None:
    store = Remembered("many.json", 100.0)
    store.keep("first", 0)
    os.utime(cache_folder() / "many.json")
    for number in range(510):
        store.keep(str(number), number)
    assert store.recall("first") is None
    assert store.recall("509") == 509
