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


def read_conversation(field: str, turns: Any) -> tuple[tuple[Message, ...], str | None]:
    """The conversation up to its last user turn, and the assistant's reply after that, if any.

    Such a reply is what the conversation was answered with, so it never belongs to the question.
    Raises LineFault.
    """
    if not isinstance(turns, list):
        raise LineFault(f"field {field!r} must be a list of turns, not {type_name(turns)}")
    messages = [_message(f"{field}[{i}]", turn) for i, turn in enumerate(turns)]
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None or not messages[last].content.strip():
        raise LineFault(f'field {field!r} asks nothing; end it with a turn of role "user"')
    replies = [message.content for message in messages[last + 1 :] if message.role == "assistant"]
    return tuple(messages[: last + 1]), replies[-1] if replies else None


def _message(path: str, turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise LineFault(f"field {path!r} must be an object with `role` and `content`")
    role = turn.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise LineFault(f"field '{path}.role' must be one of {', '.join(_ROLES)}")
    return Message(_ROLES[role], _content(f"{path}.content", turn.get("content")))


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
