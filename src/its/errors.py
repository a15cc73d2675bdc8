"""Every error that `its` raises on purpose.

ItsError                        a plain sentence with the mend; ends the command
├── UsageError                  exit 2: what the user gave cannot be used
│   ├── ConfigurationError      the pipeline, a preset, an option
│   ├── InputError              the problems file as a whole (a bad line is a failed row instead)
│   ├── SandboxUnavailable      programs are to be run, and there is no sandbox for them
│   └── RunDirectoryError       locked, of another fingerprint, not writable
├── EndpointError               exit 4: the endpoint or its key is unusable
├── RunInterrupted              exit 130: stopped by the user, resumable
└── CallError                   one call to a model came to nothing; costs only itself
    ├── BudgetExhausted         refused before it was sent: its upper bound no longer fits
    ├── TransientCallError      worth trying again (429, 5xx, a reset, a garbled body)
    └── PermanentCallError      asking again would fail again (400, 404, 422)
        ├── PromptTooLong       more prompt than the model's context takes
        ├── KeyRejected         401 or 403
        └── Unsupported         the model cannot do what was asked (logprobs, raw continuation)
"""

from __future__ import annotations


class ItsError(Exception):
    """A plain sentence that says what is wrong and how to mend it."""

    exit_code = 1


class UsageError(ItsError):
    exit_code = 2


class ConfigurationError(UsageError):
    pass


class InputError(UsageError):
    pass


class RunDirectoryError(UsageError):
    pass


class SandboxUnavailable(UsageError):
    pass


class EndpointError(ItsError):
    exit_code = 4


class RunInterrupted(ItsError):
    exit_code = 130


class CallError(ItsError):
    """One call came to nothing."""


class BudgetExhausted(CallError):
    pass


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
    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class PromptTooLong(PermanentCallError):
    pass


class KeyRejected(PermanentCallError):
    pass


class Unsupported(PermanentCallError):
    pass
