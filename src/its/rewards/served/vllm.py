"""vLLM's pooling APIs.

Sources: https://docs.vllm.ai/en/stable/models/pooling_models/ (pages Reward, Classify, Token
Classify, Scoring), https://docs.vllm.ai/en/v0.18.1/examples/pooling/pooling/ and
https://docs.vllm.ai/en/v0.15.0/examples/pooling/classify/; earlier forms:
https://docs.vllm.ai/en/v0.8.3/_sources/models/pooling_models.md.

`/pooling` takes `input` (a text or several) or `messages`, and `task`: `token_classify` for process
rewards (with step pooling one row of classes for each step tag), `classify` for a whole text.
Servers before 0.11 know no `task` and ignore it. `use_activation: false` gives logits; before 0.11
it was called `activation`, and `softmax` before that: set those in `extra_body`. Newer servers
refuse the old names, so they are not sent unasked.
"""

from __future__ import annotations

from typing import Any

from its.rewards.served.adapter import Adapter, Texts, Values, by_index, entries, in_row
from its.rewards.served.form import Form


def _conversations(texts: Texts, form: Form) -> dict[str, Any]:
    """`messages` for one reply where the server's chat template is used, else `input`."""
    body: dict[str, Any] = {"model": texts.model}
    if form.truncate:
        body["truncate_prompt_tokens"] = -1  # to the model's own length
    if not form.template and len(texts.replies) == 1:
        messages = form.messages(texts.question, texts.replies[0])
        return body | {"messages": messages, "add_generation_prompt": False}
    rendered = [form.text(texts.question, reply) for reply in texts.replies]
    special = {"add_special_tokens": False} if form.template.startswith("<|") else {}
    return body | special | {"input": rendered}


def _build_pooling(texts: Texts, form: Form) -> dict[str, Any]:
    task = "token_classify" if form.scores == "steps" else "classify"
    raw = {"use_activation": False} if form.mapping == "logistic" else {}
    return _conversations(texts, form) | {"task": task} | raw


def _read_pooling(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(entries(data, "data"), len(texts.replies), "data")
    return [_pooled(rows, form) for rows in found]


def _pooled(rows: Any, form: Form) -> Values:
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise ValueError("an entry of `data` that is no list")
    if form.scores == "steps":
        return [in_row(row, form) for row in rows]
    whole = rows[-1] if rows and isinstance(rows[-1], list) else rows  # the last token has seen all
    return [in_row(whole, form)]


def _build_classify(texts: Texts, form: Form) -> dict[str, Any]:
    raw = {"use_activation": False} if form.mapping == "logistic" else {}
    return _conversations(texts, form) | raw


def _read_classify(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(entries(data, "data"), len(texts.replies), "probs")
    return [[] if row is None else [in_row(row, form)] for row in found]


def _build_score(texts: Texts, form: Form) -> dict[str, Any]:
    """The question against every reply; `text_1` and `text_2` are known to every version."""
    body = {"model": texts.model, "text_1": texts.question}
    raw = {"use_activation": False} if form.mapping == "logistic" else {}
    cut = {"truncate_prompt_tokens": -1} if form.truncate else {}
    return body | {"text_2": [form.reply(reply) for reply in texts.replies]} | raw | cut


def _read_score(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(entries(data, "data"), len(texts.replies), "score")
    return [[in_row(value, form)] for value in found]


def _templated(form: Form) -> bool:
    """Whether texts can share a call: a call takes one conversation, or several rendered texts."""
    return bool(form.template)


POOLING = Adapter(
    "vllm_pooling",
    "pooling",
    _build_pooling,
    _read_pooling,
    together=_templated,
    steps=True,
    probability=True,
)
CLASSIFY = Adapter(
    "vllm_classify",
    "classify",
    _build_classify,
    _read_classify,
    together=_templated,
    probability=True,
)
SCORE = Adapter("vllm_score", "score", _build_score, _read_score, probability=True)
