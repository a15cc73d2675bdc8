"""One choice of a reply: its text, its logprobs, and why it ended."""

from __future__ import annotations

import math
import re
from typing import Any

from its.models.openai.json_text import whole_characters
from its.models.openai.thinking import answer_in, reasoning_in, split_inline
from its.models.openai.tokens import estimate
from its.models.protocol import Completion, Finish, Request, TokenLogprob
from its.models.watching import Cut, Watch

LONGEST_TOKEN = 16
"""Bytes; a longer piece of stream is taken for several tokens."""
FILTERED = frozenset(
    {
        "content_filter", "content-filter", "content_filtered", "safety", "recitation", "blocklist",
        "prohibited_content", "spii", "refusal", "sensitive", "guardrail_intervened", "blocked",
        "language", "image_safety", "model_armor",
    }
)  # fmt: skip
"""How servers say that their filter, or the model itself, gave no answer."""
_LIMIT_REACHED = re.compile(r"length|max\w*_tokens|token_?limit|max_?tokens")
"""How servers say that the token limit ended it."""
LEAST_LOGPROB = -9999.0
"""Stands for minus infinity, as in the API itself."""


class Choice:
    """Collects the pieces of one choice."""

    __slots__ = (
        "_finish", "_logprobs", "_looked", "_pieces", "_reasoning", "_refused", "_tokens", "cut",
        "mixed", "stop",
    )  # fmt: skip

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._reasoning: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._finish: str | None = None
        self.stop: Any = None
        self._tokens = 0
        self._refused = False
        self.mixed = False
        self.cut: Cut | None = None
        self._looked = (0, 0, 0, 0)

    @property
    def unfinished(self) -> bool:
        return self._finish is None and self.cut is None

    @property
    def broken(self) -> bool:
        """Whether the endpoint gave up on it."""
        return self._finish in ("abort", "aborted", "error", "insufficient_system_resource")

    @property
    def thinking_tokens(self) -> int:
        """An estimate of the tokens of its reasoning."""
        reasoning = "".join(self._reasoning) or split_inline(self.text)[0]
        return estimate(reasoning) if reasoning else 0

    @property
    def thinks(self) -> bool:
        """Whether any reasoning came, apart from the text or inside it."""
        return bool(self._reasoning) or bool(split_inline(self.text)[0])

    @property
    def text(self) -> str:
        pieces = self._pieces
        return pieces[0] if len(pieces) == 1 else "".join(pieces)

    @property
    def seen(self) -> str:
        """All text so far, reasoning first."""
        return "".join(self._reasoning) + self.text if self._reasoning else self.text

    @property
    def tokens(self) -> int:
        """Tokens as far as they can be counted: by logprobs, or by the pieces of the stream."""
        return max(self._tokens, len(self._logprobs))

    def add(self, piece: dict[str, Any], content: str) -> bool:
        """Take a piece, whose text is in the object `content` or (completions) in "text".

        Returns True where it held text or an end.
        """
        body = piece.get(content)
        reasoning = ""
        if isinstance(body, dict):
            text = body.get("content")
            if len(body) > 1 or not isinstance(text, str):
                reasoning = reasoning_in(body)
                self._refused = self._refused or bool(body.get("refusal"))
        else:
            text = body if isinstance(body, str) else piece.get("text")
        if text:
            if self._finish is not None:
                self.mixed = True
            self._pieces.append(text if isinstance(text, str) else answer_in(text))
            self._tokens += _tokens_in(self._pieces[-1])
        if reasoning:
            self._reasoning.append(reasoning)
            self._tokens += _tokens_in(reasoning)
        logprobs = piece.get("logprobs")
        if isinstance(logprobs, dict):
            self._logprobs.extend(read_logprobs(logprobs))
        finish = piece.get("finish_reason")
        if isinstance(finish, str) and finish.strip():  # some send an empty one with each piece
            self._finish = finish.strip().lower().rpartition(".")[2]
            self.stop = piece.get("stop_reason")
        return bool(text or reasoning or finish or self._refused)

    def show(self, watch: Watch, alternatives: int) -> None:
        """Show a watch what has come since the last time; it may cut the rest."""
        reasoned, wrote, known, counted = self._looked
        text = "".join((*self._reasoning[reasoned:], *self._pieces[wrote:]))
        fresh = self._logprobs[known:]
        if self.cut is not None or not (text or fresh):
            return
        pieces = len(self._reasoning), len(self._pieces)
        tokens = len(self._logprobs) or sum(pieces)
        self._looked = (*pieces, len(self._logprobs), tokens)
        tops = [_likeliest(entry, alternatives) for entry in fresh if entry.top]
        numbers = [[number for _, number in top] for top in tops]
        self.cut = watch.look(text, max(0, tokens - counted), numbers)

    def strip_prefix(self, prefix: str) -> None:
        """Take the continued text away where the endpoint sent it back with the new one."""
        text = self.text
        if prefix and text.startswith(prefix):
            self._pieces = [text[len(prefix) :]]
            self._tokens = estimate(self.seen)

    def completion(self, request: Request, names_stop: bool, tokens: int | None) -> Completion:
        """The finished choice; `tokens` are its own as far as the endpoint told."""
        reasoning, text, begins = "".join(self._reasoning), self.text, 0
        if self.cut is not None and self.cut.kept is not None:
            text = text[: max(0, self.cut.kept - len(reasoning))]
            reasoning = reasoning[: self.cut.kept]
        if not request.continues and "think" not in " ".join(request.stop).lower():
            inline, text, begins = split_inline(text)
            reasoning += inline
        text, cut = _cut(text, request.stop) if request.stop else (text, False)
        if self.cut is not None:
            return Completion(
                whole_characters(text),
                self.cut.finish,
                self.tokens if self._finish is None else None,
                reasoning=whole_characters(reasoning),
                cut=self.cut.reason,
            )
        logprobs: tuple[TokenLogprob, ...] | None = None
        if request.logprobs is not None and self._logprobs:
            logprobs = _fit(_after(self._logprobs, begins), text, request.logprobs)
        plain = self._finish == "stop" and not (request.stop or self._refused)
        return Completion(
            text=whole_characters(text),
            finish="stop_string" if cut else "end" if plain else self._ended(request, names_stop),
            tokens=tokens or len(self._logprobs) or None,
            logprobs=logprobs,
            reasoning=whole_characters(reasoning),
        )

    def _ended(self, request: Request, names_stop: bool) -> Finish:
        refused = self._refused and not self.text.strip()
        match "refusal" if refused else self._finish:
            case str(finish) if _LIMIT_REACHED.search(finish):
                return "length"
            case finish if finish in FILTERED:
                return "filtered"
            case "stop_sequence":
                return "stop_string"
            case None if self.tokens >= request.max_tokens:
                return "length"
        if isinstance(self.stop, str) and self.stop in request.stop:
            return "stop_string"
        return "stop" if request.stop and not names_stop else "end"


def _after(logprobs: list[TokenLogprob], begins: int) -> list[TokenLogprob]:
    """The logprobs of the tokens from a character on."""
    length = 0
    for number, entry in enumerate(logprobs):
        if length >= begins:
            return logprobs[number:]
        length += len(entry.token)
    return [] if begins else logprobs


def read_logprobs(value: dict[str, Any]) -> list[TokenLogprob]:
    """Logprobs in the chat shape (`content`, a list of tokens) or in the older one of the
    completions endpoint (parallel lists `tokens`, `token_logprobs`, `top_logprobs`)."""
    content = value.get("content")
    if isinstance(content, list):
        return [
            TokenLogprob(
                _text(entry.get("token")),
                _number(entry.get("logprob")),
                _top(entry.get("top_logprobs")),
            )
            for entry in content
            if isinstance(entry, dict)
        ]
    tokens, numbers = value.get("tokens"), value.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(numbers, list):
        return []
    tops = value.get("top_logprobs")
    if not isinstance(tops, list) or len(tops) != len(tokens):
        tops = [None] * len(tokens)
    return [
        TokenLogprob(_text(token), _number(number), _top(top))
        for token, number, top in zip(tokens, numbers, tops, strict=False)
    ]


def _top(value: Any) -> tuple[tuple[str, float], ...]:
    """The alternatives, as a list of objects or (the older shape) as one object."""
    if isinstance(value, dict):
        return tuple((_text(token), _number(number)) for token, number in value.items())
    if not isinstance(value, list):
        return ()
    return tuple(
        (_text(top.get("token")), _number(top.get("logprob")))
        for top in value
        if isinstance(top, dict)
    )


def _number(value: Any) -> float:
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return LEAST_LOGPROB


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _tokens_in(piece: str) -> int:
    return 1 if len(piece) <= LONGEST_TOKEN else estimate(piece)


def _cut(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    """The text up to the first stop string in it, which some servers leave there."""
    ends = [end for stop in stops if stop and (end := text.find(stop)) >= 0]
    return (text[: min(ends)], True) if ends else (text, False)


def _fit(logprobs: list[TokenLogprob], text: str, alternatives: int) -> tuple[TokenLogprob, ...]:
    """The logprobs of the tokens that begin inside the text, with so many alternatives each."""
    fitting: list[TokenLogprob] = []
    length = 0
    for entry in logprobs:
        if length >= len(text) and entry.token:
            break
        length += len(entry.token)
        top = _likeliest(entry, alternatives)
        fitting.append(TokenLogprob(whole_characters(entry.token), entry.logprob, tuple(top)))
    return tuple(fitting)


def _likeliest(entry: TokenLogprob, most: int) -> list[tuple[str, float]]:
    return sorted(entry.top, key=lambda pair: -pair[1])[:most]
