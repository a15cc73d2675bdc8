"""Every error that `its` raises on purpose.

ItsError                        a plain sentence with the fix; ends the command
├── UsageError                  exit 2: what the user gave cannot be used
│   ├── ConfigurationError      the pipeline, a preset, an option
│   ├── InputError              the problems file as a whole (a bad line is a failed row instead)
│   ├── SandboxUnavailable      programs are to be run, and there is no sandbox for them
│   ├── RunDirectoryError       locked, damaged, of another fingerprint, not writable
│   └── OutputError             standard output cannot be written
├── EndpointError               exit 4: the endpoint or its key is unusable
│   └── WorkersLost             the processes that solve the problems end again and again
├── RunInterrupted              exit 130: stopped by the user, resumable
└── CallError                   one call to a model failed; costs only itself
    ├── BudgetExhausted         refused before it was sent: its upper bound no longer fits
    ├── CutShort                ended by what watched it; what had come is its reply
    ├── TransientCallError      worth trying again (429, 5xx, a reset, a garbled body)
    └── PermanentCallError      asking again would fail again (400, 404, 422)
        ├── PromptTooLong       more prompt than the model's context takes
        ├── KeyRejected         401, 402 or 403; an account without credit or quota
        └── Unsupported         the model cannot do what was asked (logprobs, raw continuation)
"""

from __future__ import annotations


class ItsError(Exception):
    """A plain sentence that says what is wrong and how to fix it."""

    exit_code = 1


class UsageError(ItsError):
    """What the user gave cannot be used."""

    exit_code = 2


class ConfigurationError(UsageError):
    """The pipeline, a preset or an option cannot be used."""


class InputError(UsageError):
    """The problems file as a whole cannot be used."""


class RunDirectoryError(UsageError):
    """The run directory is locked, of another fingerprint, damaged or not writable."""


class OutputError(UsageError):
    pass


class SandboxUnavailable(UsageError):
    """Programs are to be run, and there is no sandbox for them."""


class EndpointError(ItsError):
    """The endpoint or its key is unusable."""

    exit_code = 4


class WorkersLost(EndpointError):
    """The processes that solve the problems end again and again."""


class RunInterrupted(ItsError):
    """The user stopped the run; it can be resumed."""

    exit_code = 130


class CallError(ItsError):
    """One call to a model failed; it costs only itself."""


class BudgetExhausted(CallError):
    """Refused before it was sent: its upper bound no longer fits the budget."""


class CutShort(CallError):
    """Ended by what watched it; what had come is its reply."""


class TransientCallError(CallError):
    """Worth trying again.

    `retry_after` is the endpoint's own wish in seconds; `status` its HTTP status, or None where
    no response came; `answered` is False where the endpoint was not even reached.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        answered: bool = True,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.answered = answered


class PermanentCallError(CallError):
    """Asking again would fail again. `status` is the HTTP status where there was one, `param` the
    field that the endpoint names as the reason, `details` all that it said, for whoever may ask
    otherwise (never shown)."""

    def __init__(
        self, message: str, *, status: int | None = None, param: str = "", details: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.details = details


class PromptTooLong(PermanentCallError):
    """More prompt than the model's context takes."""


class KeyRejected(PermanentCallError):
    """`final` where no other call can succeed either: the account itself is at its end (no
    credit, a used-up quota, closed), or, with `account` False, this place is not served."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        final: bool = False,
        account: bool = True,
    ) -> None:
        super().__init__(message, status=status)
        self.final = final
        self.account = account


class Unsupported(PermanentCallError):
    """The model cannot do what was asked."""
