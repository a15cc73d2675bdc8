"""Reading a run directory for a report or a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from its.analysis.outcomes import ProblemOutcome, outcome_of
from its.errors import RunDirectoryError
from its.runs.directory import read_description


@dataclass(frozen=True, slots=True)
class RunData:
    """What a run says of itself but for its traces.

    `description` is `run.json`; `accounts` is `compute.json`, None where the run has not ended
    once. `outcomes` are in the order of the input.
    """

    path: Path
    description: dict[str, Any]
    accounts: dict[str, Any] | None
    outcomes: tuple[ProblemOutcome, ...]

    @property
    def name(self) -> str:
        return self.path.resolve().name


def read_run_data(path: Path) -> RunData:
    """Raises RunDirectoryError where the directory holds no run, or one without a row."""
    rows: dict[str, dict[str, Any]] = {}
    for row in _rows(path / "solutions.jsonl"):
        rows[row["id"]] = row  # a problem that was tried again has its last row count
    if not rows:
        raise RunDirectoryError(
            f"the run in {path} has no solved problem yet; run `its solve` on it first"
        )
    outcomes = sorted(map(outcome_of, rows.values()), key=lambda outcome: outcome.index)
    return RunData(path, read_description(path) or {}, _accounts(path), tuple(outcomes))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # the last line may be torn while the run goes on
                    yield orjson.loads(line)
    except (FileNotFoundError, NotADirectoryError):
        raise RunDirectoryError(
            f"{path.parent} is no run directory: it has no {path.name}; give the one that "
            "`its solve` named"
        ) from None
    except (OSError, orjson.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunDirectoryError(f"cannot read {path}: {reason}") from None


def _accounts(path: Path) -> dict[str, Any] | None:
    try:
        accounts = orjson.loads((path / "compute.json").read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise RunDirectoryError(f"cannot read {path / 'compute.json'}: {error}") from None
    return accounts if isinstance(accounts, dict) else None
