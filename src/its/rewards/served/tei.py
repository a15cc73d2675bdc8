"""text-embeddings-inference: `/predict` for sequence classifiers, `/rerank` for rerankers.

Source: https://github.com/huggingface/text-embeddings-inference/blob/main/docs/openapi.json (1.7.1:
PredictRequest, PredictResponse, RerankRequest, Rank, ErrorResponse).
`inputs` of `/predict` may be a list of one-element lists (a list of two would be a pair); its
answer lists the classes of each text, best first, so a class is found by its label, not its place.
`/rerank` sorts by score. Without `raw_scores` both give probabilities. No tokens are reported.
Errors: 413 batch too large, 422 the text cannot be tokenized or is too long, 424 inference failed,
429 overloaded, each with `error` and `error_type`.
"""

from __future__ import annotations

from typing import Any

from its.rewards.served.adapter import Adapter, Texts, Values, by_index, entries, number
from its.rewards.served.form import Form


def _build_predict(texts: Texts, form: Form) -> dict[str, Any]:
    rendered = [[form.text(texts.question, reply)] for reply in texts.replies]
    return {"inputs": rendered, "raw_scores": _raw(form), "truncate": form.truncate}


def _read_predict(data: Any, texts: Texts, form: Form) -> list[Values]:
    rows = entries(data, None)
    if len(texts.replies) == 1 and rows and isinstance(rows[0], dict):
        rows = [rows]  # one text is answered by its classes alone
    if len(rows) > len(texts.replies):
        raise ValueError(f"classes of {len(rows)} texts, of {len(texts.replies)} asked")
    values: list[Values] = [[_of_class(row, form)] for row in rows]
    return values + [[] for _ in texts.replies[len(rows) :]]


def _of_class(row: Any, form: Form) -> float | None:
    if not isinstance(row, list) or not all(isinstance(each, dict) for each in row):
        raise ValueError("a text without a list of classes")
    classes = sorted(row, key=lambda each: _place(each.get("label")))
    if not classes:
        return None
    place = form.positive if len(classes) > 1 else 0
    if not -len(classes) <= place < len(classes):
        raise ValueError(f"{len(classes)} classes, and the good one is said to be number {place}")
    return number(classes[place].get("score"))


def _place(label: Any) -> tuple[int, str]:
    """Classes in the model's own order where they are called LABEL_0, LABEL_1, else by name."""
    text = str(label)
    digits = text.rpartition("_")[2]
    return (int(digits) if digits.isascii() and digits.isdigit() else 0, text)


def _build_rerank(texts: Texts, form: Form) -> dict[str, Any]:
    return {
        "query": texts.question,
        "texts": [form.reply(reply) for reply in texts.replies],
        "raw_scores": _raw(form),
        "truncate": form.truncate,
    }


def _read_rerank(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(entries(data, None), len(texts.replies), "score")
    return [[number(value)] for value in found]


def _raw(form: Form) -> bool:
    return form.mapping == "logistic"


def _no_tokens(data: Any) -> None:
    return None


PREDICT = Adapter(
    "tei_predict", "predict", _build_predict, _read_predict, _no_tokens, probability=True
)
RERANK = Adapter("tei_rerank", "rerank", _build_rerank, _read_rerank, _no_tokens, probability=True)
