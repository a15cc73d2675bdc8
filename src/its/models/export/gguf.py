"""Writing GGUF, the format of llama.cpp. Needs the package `gguf` (the extra `export`)."""

from __future__ import annotations

from pathlib import Path

import gguf

from its.models.embedded.tokenizer import END, PAD, SPECIAL_TOKENS, text_tokens
from its.models.embedded.weights import Floats, Shape, Weights
from its.models.export.layout import CHAT_TEMPLATE, DUMMY_MERGE, token_names

_LAYER_TENSORS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(weights: Weights, path: Path, name: str) -> None:
    """Write a GGUF file with the tokenizer and the chat template in it.

    Tensors are stored in fp32: beside fp16 matrices llama.cpp rounds what it multiplies them with
    to fp16 too, which moved log-probabilities by up to 0.004 and made it no faster.
    """
    shape = weights.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_context_length(shape.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_head_count_kv(shape.num_attention_heads)
    writer.add_layer_norm_rms_eps(shape.rms_norm_eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_vocab_size(shape.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer)
    for tensor, values in weights.tensors.items():
        stored = _interleaved(values, shape) if "q_proj" in tensor or "k_proj" in tensor else values
        writer.add_tensor(_name(tensor), stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter) -> None:
    names = token_names()
    types = [gguf.TokenType.UNUSED] * len(names)
    for token in range(len(names)):
        if token < len(SPECIAL_TOKENS):
            types[token] = gguf.TokenType.CONTROL
        elif text_tokens(chr(token)):
            types[token] = gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(names)
    writer.add_token_types(types)
    writer.add_token_merges([DUMMY_MERGE])
    writer.add_eos_token_id(END)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _interleaved(matrix: Floats, shape: Shape) -> Floats:
    """A query or key projection with each head's rows i and i + half side by side, which is the
    order in which llama.cpp's RoPE takes them."""
    halves = matrix.reshape(shape.num_attention_heads, 2, -1, shape.hidden_size)
    return halves.swapaxes(1, 2).reshape(matrix.shape)


def _name(tensor: str) -> str:
    """A tensor's GGUF name: `model.layers.0.mlp.up_proj.weight` is `blk.0.ffn_up.weight`."""
    if tensor.startswith("model.layers."):
        layer, rest = tensor.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{_LAYER_TENSORS[rest.removesuffix('.weight')]}.weight"
    return {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
    }[tensor]
