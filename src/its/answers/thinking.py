"""What a reply says behind the model's thinking, in every spelling of where thinking ends."""

from __future__ import annotations

import re

_NAMES = r"think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|seed:think"
_OPEN = re.compile(
    rf"<(?:{_NAMES})>|\[THINK(?:ING)?\]|◁think▷|<\|(?:START_THINKING|begin_of_thought|thinking)\|>",
    re.IGNORECASE,
)
_CLOSE = re.compile(
    rf"</(?:{_NAMES})>|\[/THINK(?:ING)?\]|◁/think▷"
    r"|<\|(?:END_THINKING|end_of_thought|/thinking)\|>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s{0,4}(\w+)[^<\n]{0,80}<\|message\|>")
_TOKEN = re.compile(
    r"<\|(?:end|return|start|im_end|eot_id|endoftext|START_RESPONSE|END_RESPONSE|eom_id"
    r"|begin_of_solution|end_of_solution|call)\|>"
)
_MESSAGE_END = re.compile(r"<\|(?:end|return|start|call|channel)\|>")
# No text without a bracket and one of these holds a mark of thinking: a first look, since most
# have none.
_SIGNALS = ("think", "thought", "reasoning", "reflection", "scratchpad", "analysis")
_FINAL = "final"
_BARE_FINAL = "assistantfinal"


def after_thinking(text: str) -> tuple[str, bool]:
    """What follows the thinking, and whether that is what the model meant to be its answer.

    Thinking that never ends holds no answer. Behind thinking that ends a reply the text is empty
    too; then its thinking is given, as no more than a guess.
    """
    if "<|channel|>" in text:
        return _final_channel(text), True
    if text.startswith(("analysis", "commentary")) and _BARE_FINAL in text:  # tokens taken out
        return text.rpartition(_BARE_FINAL)[2], True
    if not _may_hold_marks(text):
        return _without_tokens(text), True
    end = _end_of_last(_CLOSE, text)
    after = text[end:]
    if opened := _OPEN.search(after):
        return after[: opened.start()], True
    if not end or _without_tokens(after).strip():
        return _without_tokens(after), True
    return _OPEN.sub(" ", _CLOSE.sub(" ", text)), False


def _may_hold_marks(text: str) -> bool:
    if "<" not in text and "[" not in text and "◁" not in text:
        return False
    lower = text.casefold()
    return any(name in lower for name in _SIGNALS)


def _final_channel(text: str) -> str:
    """The last message of the final channel; a text before any channel otherwise."""
    channels = list(_CHANNEL.finditer(text))
    for channel in reversed(channels):
        if channel[1] == _FINAL:
            message = text[channel.end() :]
            return _MESSAGE_END.split(message, maxsplit=1)[0]
    return text[: text.index("<|channel|>")]


def _without_tokens(text: str) -> str:
    return _TOKEN.sub("", text) if "<|" in text else text


def _end_of_last(pattern: re.Pattern[str], text: str) -> int:
    end = 0
    for found in pattern.finditer(text):
        end = found.end()
    return end
