"""Writing a folder that Hugging Face transformers, vLLM and others load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from its.models.embedded.tokenizer import END, PAD, SPECIAL_TOKENS, text_tokens
from its.models.embedded.weights import Shape, Weights
from its.models.export.layout import CHAT_TEMPLATE, token_names


def write_huggingface(weights: Weights, folder: Path) -> None:
    """Write `model.safetensors` (fp16), the configuration and the tokenizer into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors(weights, {"format": "pt"}))
    for name, content in (
        ("config.json", _config(weights.shape)),
        ("generation_config.json", {"eos_token_id": END, "pad_token_id": PAD}),
        ("tokenizer.json", _tokenizer()),
        ("tokenizer_config.json", _tokenizer_config(weights.shape)),
    ):
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)


def safetensors(weights: Weights, metadata: dict[str, str]) -> bytes:
    """A safetensors file of fp16 tensors; see its.models.embedded.weights for the format."""
    header: dict[str, Any] = {"__metadata__": metadata}
    blobs, at = [], 0
    for name, tensor in weights.tensors.items():
        blob = tensor.astype("<f2").tobytes()
        header[name] = {
            "dtype": "F16",
            "shape": tensor.shape,
            "data_offsets": (at, at + len(blob)),
        }
        blobs.append(blob)
        at += len(blob)
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    return b"".join([len(encoded).to_bytes(8, "little"), encoded, *blobs])


def _config(shape: Shape) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_attention_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocab_size,
        "max_position_embeddings": shape.max_position_embeddings,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_theta": shape.rope_theta,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "torch_dtype": "float16",
    }


def _tokenizer() -> dict[str, Any]:
    """Byte-level BPE without merges: a byte that is no token is dropped, as there is no `unk`."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    names = token_names()
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": token, "content": name, **special, "special": True}
            for token, name in enumerate(names)
            if token < len(SPECIAL_TOKENS) or not text_tokens(chr(token))
        ],
        "normalizer": None,
        "pre_tokenizer": {**byte_level, "trim_offsets": True},
        "post_processor": None,
        "decoder": {**byte_level, "trim_offsets": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {name: token for token, name in enumerate(names)},
            "merges": [],
        },
    }


def _tokenizer_config(shape: Shape) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": shape.max_position_embeddings,
        "eos_token": SPECIAL_TOKENS[END],
        "pad_token": SPECIAL_TOKENS[PAD],
        "clean_up_tokenization_spaces": False,
    }
