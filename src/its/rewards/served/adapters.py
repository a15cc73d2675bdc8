"""The APIs that a reward model can be asked through, by name."""

from __future__ import annotations

from its.rewards.served import chat_tokens, llama_cpp, sglang, tei, vllm
from its.rewards.served.adapter import Adapter

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        vllm.POOLING,
        vllm.CLASSIFY,
        vllm.SCORE,
        sglang.CLASSIFY,
        sglang.V1_CLASSIFY,
        tei.PREDICT,
        tei.RERANK,
        llama_cpp.RERANK,
        llama_cpp.RERANK_ROOT,
        llama_cpp.EMBEDDINGS,
        chat_tokens.CHAT_TOKENS,
    )
}
