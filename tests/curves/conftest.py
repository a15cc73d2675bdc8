"""Small pools made up for these tests, with known properties."""

from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

RIGHT, WRONG, OTHER = "right", "wrong", "other"


def rows(problems: int = 40, samples: int = 24, seed: int = 0) -> list[dict[str, Any]]:
    """A third sure and right, a third right two times in five among scattered answers, a third
    never right."""
    random = Random(seed)
    return [
        {
            "id": f"p{number}",
            "question": f"What is number {number} of the list?",
            "reference": RIGHT,
            "samples": [_sample(number % 3, random) for _ in range(samples)],
        }
        for number in range(problems)
    ]


def _sample(sort: int, random: Random) -> dict[str, Any]:
    wrong = f"{WRONG} {random.randrange(6)}"
    answer = (RIGHT, RIGHT if random.random() < 0.45 else wrong, wrong)[sort]
    return {
        "answer": answer,
        "correct": answer == RIGHT,
        "completion_tokens": 10 * (1 + sort) + random.randrange(5),
    }


def write(path: Path, content: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in content))
    return path


@pytest.fixture
def pool_file(tmp_path: Path) -> Path:
    return write(tmp_path / "pool.jsonl", rows())
