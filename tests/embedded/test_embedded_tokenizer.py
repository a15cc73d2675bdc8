"""Tokens are ASCII characters; turns are marked by ids that no text can produce."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from its.models.embedded.tokenizer import (
    ASSISTANT,
    END,
    SPECIAL_TOKENS,
    USER,
    chat_tokens,
    text_tokens,
    token_text,
)
from its.problems.problem import Message

PRINTABLE = st.text(st.sampled_from([chr(code) for code in (10, *range(32, 127))]))


@given(PRINTABLE)
def test_printable_text_comes_back_as_it_was_a_token_a_character(text: str) -> None:
    assert token_text(text_tokens(text)) == text
    assert list(text_tokens(text)) == [ord(character) for character in text]


@given(st.text(), st.sampled_from(SPECIAL_TOKENS), st.text())
def test_no_text_becomes_a_marker(before: str, marker: str, after: str) -> None:
    tokens = text_tokens(before + marker + after)

    assert not set(tokens) & set(range(len(SPECIAL_TOKENS)))
    assert marker.encode() in tokens


def test_what_the_vocabulary_lacks_is_dropped() -> None:
    assert text_tokens("a\tb\r\n\x00\x03é日🎉\u200b\ud800c") == b"ab\nc"
    assert token_text(bytes([USER, 97, 9, 31, 127, END])) == "a"


def test_the_layout_of_a_conversation() -> None:
    conversation = [
        Message("system", "Be brief."),
        Message("user", "1+1"),
        Message("assistant", "2"),
        Message("user", "2+2"),
    ]
    user, assistant, end = bytes([USER]), bytes([ASSISTANT]), bytes([END])
    asked = user + b"Be brief.\n1+1" + assistant + b"2" + end + user + b"2+2" + assistant

    assert chat_tokens(conversation) == asked
    assert chat_tokens(conversation, continues="2+2=") == asked + b"2+2="
    assert chat_tokens(conversation[:1]) == user + b"Be brief." + assistant
