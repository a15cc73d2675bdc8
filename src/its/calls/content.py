"""What a request asks, worked out once for every call that asks it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from its.calls.client import ModelClient
from its.models.protocol import Model, Request


@dataclass(frozen=True, slots=True)
class Content:
    """The request as plain data and as JSON, what of it the trace shows beside the messages, the
    digest of its prompt, the identity that the journal knows it by, and its prompt's tokens, at
    most and about."""

    request: Request
    fields: dict[str, Any]
    encoded: bytes
    settings: dict[str, Any]
    prompt: bytes
    identity: bytes
    prompt_bound: int
    prompt_estimate: int

    @classmethod
    def of(cls, request: Request, client: ModelClient) -> Content:
        fields = request.as_dict()
        unseeded = orjson.dumps([client.name, fields | {"seed": None}])
        bound = client.model.prompt_bound(request)
        return cls(
            request,
            fields,
            orjson.dumps(fields),
            {
                name: value
                for name, value in fields.items()
                if name != "messages" and value not in (None, "", ())
            },
            blake2b(orjson.dumps(fields["messages"]), digest_size=16).digest(),
            blake2b(unseeded, digest_size=16).digest(),
            bound,
            min(bound, _prompt_estimate(request, client.model)),
        )

    def with_seed(self, seed: int, draw: int | None) -> bytes:
        """The request as JSON with a seed, and the number of its draw. What stands for no seed is
        found as it is written: behind the messages, in which every quote is escaped."""
        before, _, after = self.encoded.partition(b'"seed":null')
        number = b"null" if draw is None else b"%d" % draw
        return b'%b"seed":%d%b,"draw":%b}' % (before, seed, after[:-1], number)


def _prompt_estimate(request: Request, model: Model) -> int:
    """About how many prompt tokens it has: where replies are scored, the question is read anew
    with each of them."""
    question = sum(model.count_tokens(turn.content) for turn in request.messages)
    replies = sum(model.count_tokens(step) for reply in request.replies for step in reply)
    return question * request.answers + replies
