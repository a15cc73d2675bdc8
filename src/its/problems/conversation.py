"""A question that came as a conversation."""

from __future__ import annotations

from typing import Any, Literal

from its.problems.json_line import LineFault, type_name
from its.problems.problem import Message

Role = Literal["system", "user", "assistant"]
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_OTHER_ROLES: dict[str, Role] = {"human": "user", "gpt": "assistant", "chatgpt": "assistant",
                                 "bot": "assistant", "model": "assistant", "bing": "assistant",
                                 "bard": "assistant"}  # fmt: skip


def read_conversation(field: str, turns: Any) -> tuple[tuple[Message, ...], str | None]:
    """The conversation up to its last user turn, and the assistant's reply after that, if any.

    Such a reply is what the conversation was answered with, so it never belongs to the question.
    A list of texts holds the user's turns alone: the first is the question, since the others
    follow replies. Raises LineFault.
    """
    if not isinstance(turns, list):
        raise LineFault(f"field {field!r} must be a list of turns, not {type_name(turns)}")
    if turns and all(isinstance(turn, str) and turn.strip() for turn in turns):
        return (Message("user", turns[0]),), None
    messages = [_message(f"{field}[{i}]", turn) for i, turn in enumerate(turns)]
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None or not messages[last].content.strip():
        raise LineFault(f'field {field!r} asks nothing; end it with a turn of role "user"')
    replies = [message.content for message in messages[last + 1 :] if message.role == "assistant"]
    return tuple(messages[: last + 1]), replies[-1] if replies else None


def _message(path: str, turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise LineFault(f"field {path!r} must be an object with `role` and `content`")
    if "from" in turn and "value" in turn:
        return _turn(path, turn["from"], "from", turn["value"], "value", _ROLES | _OTHER_ROLES)
    if "role" not in turn and set(turn) == {"content"}:
        return _turn(path, "user", "role", turn["content"], "content", _ROLES)
    return _turn(path, turn.get("role"), "role", turn.get("content"), "content", _ROLES)


def _turn(
    path: str, who: Any, role: str, content: Any, text: str, roles: dict[str, Role]
) -> Message:
    if not isinstance(who, str) or who not in roles:
        raise LineFault(f"field '{path}.{role}' must be one of {', '.join(roles)}")
    if content is None and roles[who] == "assistant":
        return Message("assistant", "")
    return Message(roles[who], _content(f"{path}.{text}", content))


def _content(path: str, content: Any) -> str:
    """Text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        if all(isinstance(part, str) for part in parts):
            return "\n".join(str(part) for part in parts)
        raise LineFault(f"field {path!r} holds a part that is not text; only text can be asked")
    if not isinstance(content, str):
        raise LineFault(f"field {path!r} must be text, not {type_name(content)}")
    return content
