"""The text of every prompt, as data that a user can override."""

from its.prompts.prompt_set import (
    PromptSet,
    load_prompt_set,
    prompt_set_names,
    unknown_overrides,
)
from its.prompts.tasks import kind_of, task_of

__all__ = [
    "PromptSet",
    "kind_of",
    "load_prompt_set",
    "prompt_set_names",
    "task_of",
    "unknown_overrides",
]
