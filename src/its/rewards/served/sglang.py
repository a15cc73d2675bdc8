"""SGLang's native `/classify` for reward models, started with `--is-embedding`.

Sources: https://docs.sglang.io/docs/supported-models/reward_models and the example of
https://huggingface.co/Skywork/Skywork-Reward-V2-Llama-3.1-8B: `text` holds conversations that are
rendered already, without the first token of a text; every entry of the answer has the raw logits
under `embedding`. `/v1/classify` (https://docs.sglang.io/docs/supported-models/classify_models) has
the form of vLLM's `/classify`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from its.rewards.served import vllm
from its.rewards.served.adapter import Adapter, Texts, Values, by_index, entries, in_row
from its.rewards.served.form import Form


def _build(texts: Texts, form: Form) -> dict[str, Any]:
    rendered = [form.text(texts.question, reply) for reply in texts.replies]
    return {"model": texts.model, "text": rendered}


def _read(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(_listed(data), len(texts.replies), "embedding")
    return [[] if row is None else [in_row(row, form)] for row in found]


def _tokens(data: Any) -> int | None:
    """The sum of `meta_info.prompt_tokens`; None where an entry has none."""
    told = [entry["meta_info"].get("prompt_tokens") for entry in _listed(data) if _counts(entry)]
    counted = [count for count in told if isinstance(count, int)]
    return sum(counted) if counted and len(counted) == len(_listed(data)) else None


def _counts(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("meta_info"), dict)


def _listed(data: Any) -> list[Any]:
    """A single text is answered by a bare object in some versions."""
    return [data] if isinstance(data, dict) and "embedding" in data else entries(data, None)


CLASSIFY = Adapter("sglang_classify", "classify", _build, _read, _tokens)
V1_CLASSIFY = replace(vllm.CLASSIFY, name="sglang_v1_classify", path="v1/classify")
