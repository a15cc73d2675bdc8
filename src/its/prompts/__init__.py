"""The text of every prompt, as data that a user can override."""

from its.prompts.prompt_set import PromptSet, load_prompt_set, prompt_set_names

__all__ = ["PromptSet", "load_prompt_set", "prompt_set_names"]
