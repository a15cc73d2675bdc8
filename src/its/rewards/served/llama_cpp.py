"""llama.cpp's server: reranking (`--rerank`), and a classifier's pooled output (`--pooling rank`).

Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (Rerank,
Embeddings). `/v1/rerank` and `/rerank` answer alike; newer servers sort the results by score, older
ones keep the order, so their `index` decides. Scores are raw logits, but those of Qwen3 rerankers
went through a softmax (https://github.com/ggml-org/llama.cpp/pull/14029): set `mapping: identity`.

`/embeddings` (not the one under `/v1`) answers with a list of entries whose `embedding` holds one
row; early servers gave the row bare, or one object. Pooled rows are brought to length 1 unless
`embd_normalize` is -1 (https://github.com/ggml-org/llama.cpp/pull/14964): a classifier's only logit
would come as 1 or -1.
"""

from __future__ import annotations

from typing import Any

from its.rewards.served.adapter import Adapter, Texts, Values, by_index, entries, in_row, number
from its.rewards.served.form import Form


def _build_rerank(texts: Texts, form: Form) -> dict[str, Any]:
    documents = [form.reply(reply) for reply in texts.replies]
    return {
        "model": texts.model,
        "query": texts.question,
        "documents": documents,
        "top_n": len(documents),
    }


def _read_rerank(data: Any, texts: Texts, form: Form) -> list[Values]:
    found = by_index(entries(data, "results"), len(texts.replies), "relevance_score")
    return [[number(value)] for value in found]


def _build_embeddings(texts: Texts, form: Form) -> dict[str, Any]:
    rendered = [form.text(texts.question, reply) for reply in texts.replies]
    return {"model": texts.model, "content": rendered, "embd_normalize": -1}


def _read_embeddings(data: Any, texts: Texts, form: Form) -> list[Values]:
    listed = [data] if isinstance(data, dict) and "embedding" in data else entries(data, None)
    found = by_index(listed, len(texts.replies), "embedding")
    return [[] if row is None else [in_row(_pooled(row), form)] for row in found]


def _pooled(row: Any) -> Any:
    """The one row of a pooled output. Raises ValueError for one row a token: nothing is pooled."""
    if isinstance(row, list) and row and isinstance(row[0], list):
        if len(row) > 1:
            raise ValueError("one row a token: start the server with --pooling rank")
        return row[0]
    return row


RERANK = Adapter("llama_cpp_rerank", "v1/rerank", _build_rerank, _read_rerank)
RERANK_ROOT = Adapter("llama_cpp_rerank_root", "rerank", _build_rerank, _read_rerank)
EMBEDDINGS = Adapter("llama_cpp_embeddings", "embeddings", _build_embeddings, _read_embeddings)
