"""Time left, from tokens: a figure long before the first problem is done."""

from __future__ import annotations

import pytest

from its.views.progress import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("its.views.progress.time.monotonic", lambda: now[0])
    return now


def test_nothing_is_known_before_a_call_has_ended(clock: list[float]) -> None:
    pace = Pace()
    clock[0] = 10.0
    pace.note(0, 0)
    assert pace.seconds_left(0, 3, 3) is None


def test_problems_in_progress_give_a_figure_before_any_is_done(clock: list[float]) -> None:
    """Three begun, 600 tokens in 10 s: half of their tokens is taken, so as much is left."""
    pace = Pace()
    clock[0] = 10.0
    pace.note(0, 600)
    assert pace.seconds_left(0, 3, 3) == pytest.approx(10.0)


def test_with_problems_done_it_goes_by_what_one_takes(clock: list[float]) -> None:
    pace = Pace()
    clock[0] = 10.0
    pace.note(2, 1000)
    assert pace.seconds_left(2, 0, 4) == pytest.approx(20.0)


def test_the_slower_pace_counts(clock: list[float]) -> None:
    pace = Pace()
    clock[0] = 10.0
    pace.note(5, 1000)
    clock[0] = 40.0
    pace.note(5, 1010)
    clock[0] = 50.0
    pace.note(5, 1020)
    left = pace.seconds_left(5, 0, 5)
    assert left is not None
    assert left > 50


def test_all_done_leaves_nothing(clock: list[float]) -> None:
    pace = Pace()
    clock[0] = 10.0
    pace.note(4, 1000)
    assert pace.seconds_left(4, 0, 0) == pytest.approx(0.0)
