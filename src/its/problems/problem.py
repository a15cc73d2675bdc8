"""A question, and the problem that holds it together with its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

AnswerKind = Literal["auto", "number", "expression", "choice", "code", "text", "exact", "literal"]


CODE_VERIFIERS = ("code_tests", "stdio")
"""Kinds of verifier that run a program."""

VerifierKind = Literal["code_tests", "stdio", "schema", "regex", "value", "rubric", "choice"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class RowVerifier:
    """How a row's answers are graded, where more is known than a reference. By kind, `data` holds

    - code_tests: `tests`, Python assertions; or `test`, a text that defines `check(candidate)`;
      with `entry_point`, the name under test, and `setup`, Python that comes before the tests
    - stdio: `pairs` of standard input and expected output; with `function`, its arguments as JSON
      (one per line) and the result instead
    - schema: `schema`, a JSON Schema
    - regex: `pattern`, which the whole answer matches
    - value: `value` (else the reference), with `tolerance` and `relative`
    - rubric: `rubric`, a text or a list of points, for a model that grades
    - choice: `choices`, one of which the answer is
    """

    kind: VerifierKind
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """All of a problem that may reach a model, a prompt or a reward: never the reference.

    `messages` is the conversation where the input gave one (the question is then its last user
    turn); `choices` are the options of a multiple-choice question, in order A, B, C, ...
    `public_tests` are the row's own tests where the pipeline makes them public, else None: a
    reward may then run them, and no prompt holds them.
    """

    text: str
    messages: tuple[Message, ...] = ()
    choices: tuple[str, ...] = ()
    kind: AnswerKind = "auto"
    public_tests: RowVerifier | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the input.

    `index` counts lines from 0 in the order read. `reference` is None where none was given.
    Reference and verifier grade, and nothing else ever sees them.
    """

    id: str
    index: int
    question: Question
    reference: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    verifier: RowVerifier | None = None
    ordinal: int | None = None
    """Where the input gives no id: how many equal questions without one came before it."""

    @property
    def graded(self) -> bool:
        """Whether something says which answers are right."""
        return self.reference is not None or self.verifier is not None

    @property
    def key(self) -> bytes:
        """16 bytes from the id and all that is asked: the problem's identity across runs.

        Without an id of its own the problem is known by what is asked and its ordinal among
        equals, never by its place, so a line put above it costs only itself. Reference, verifier
        and metadata stay out, so correcting a reference costs no new call.
        """
        digest = blake2b(digest_size=16)
        question = self.question
        for part in (
            *((self.id,) if self.ordinal is None else ("", str(self.ordinal))),
            question.text,
            question.kind,
            *question.choices,
            *(f"{message.role}:{message.content}" for message in question.messages),
        ):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no problem: it becomes a failed row, and the others run.

    `content` is what the line holds: the same bad line is known again wherever it stands.
    """

    id: str
    index: int
    reason: str
    content: bytes = b""
    ordinal: int = 0

    @property
    def key(self) -> bytes:
        """16 bytes from the content and its ordinal among equals; never the key of a problem."""
        digest = blake2b(b"bad line\0", digest_size=16)
        digest.update(self.content or f"{self.id}\0{self.reason}".encode("utf-8", "surrogatepass"))
        digest.update(b"\0%d" % self.ordinal)
        return digest.digest()
