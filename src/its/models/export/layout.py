"""What every other engine must know of the embedded models' tokens and chat layout."""

from __future__ import annotations

from its.models.embedded.tokenizer import SPECIAL_TOKENS, VOCABULARY_SIZE, text_tokens

CHAT_TEMPLATE = """\
{%- set state = namespace(instructions='') -%}
{%- for message in messages -%}
{%- set content = message['content'] | replace('<|', '<\u200b|') -%}
{%- if message['role'] == 'system' -%}
{%- set state.instructions = state.instructions + content + '\\n' -%}
{%- elif message['role'] == 'user' -%}
{{- '<|user|>' + state.instructions + content -}}
{%- set state.instructions = '' -%}
{%- else -%}
{{- '<|assistant|>' + content + '<|end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if state.instructions -%}
{{- '<|user|>' + state.instructions[:-1] -}}
{%- endif -%}
{%- if add_generation_prompt -%}
{{- '<|assistant|>' -}}
{%- endif -%}
"""
"""The layout of `chat_tokens` in Jinja.

Engines look for markers in the rendered text, so one that a user typed is broken up by a
zero-width space, a character that the vocabulary lacks and every tokenizer drops.
"""

DUMMY_MERGE = "\u0100 \u0101"
"""llama.cpp refuses a byte-pair tokenizer without merges; this one is of two bytes (0 and 1, in
GPT-2's alphabet of bytes) that are no tokens, so it does nothing."""


def token_names() -> list[str]:
    """Each id's token in GPT-2's alphabet of bytes, in which space is Ġ and newline Ċ."""
    alphabet = {" ": "\u0120", "\n": "\u010a"}
    names = [f"<|unused{token}|>" for token in range(VOCABULARY_SIZE)]
    names[: len(SPECIAL_TOKENS)] = SPECIAL_TOKENS
    for token in range(VOCABULARY_SIZE):
        if text_tokens(chr(token)):
            names[token] = alphabet.get(chr(token), chr(token))
    return names
