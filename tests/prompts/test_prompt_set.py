"""Prompt sets: what is asked, in which form, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from its.errors import ConfigurationError
from its.pipeline.clients import all_prompts
from its.pipeline.load import load_pipeline
from its.problems.problem import Message, Question
from its.prompts import PromptSet, load_prompt_set
from its.prompts.prompt_set import WITHOUT_QUESTION

PAGE = Path(__file__).parents[2] / "docs" / "prompts.md"
NUMBER = Question("How much is 2 + 2?")
CODE = Question("Write a Python function that adds.")
CHOICE = Question("Which?", choices=("4", "5"))


@pytest.fixture
def general() -> PromptSet:
    return load_prompt_set("general")


def asked(prompts: PromptSet, question: Question, style: str = "", prompt: str = "attempt") -> str:
    words = prompts.style(style) if style else ""
    return prompts.render(prompt, question, style=words)[-1].content


def loaded(*overrides: tuple[str, object]) -> PromptSet:
    pipeline = load_pipeline("greedy", [("model.name", "m"), ("model.base_url", "http://h/v1"),
                                        *overrides])  # fmt: skip
    return all_prompts(pipeline)["model"]


def test_a_program_is_asked_for_in_a_fence_and_not_as_an_answer_line(general: PromptSet) -> None:
    for prompt in ("attempt", "deep_reasoning", "aggregate", "refine", "variation"):
        text = asked(general, CODE, prompt=prompt)
        assert "```python" in text
        assert "Answer:" not in text


def test_a_choice_is_asked_for_by_its_letter(general: PromptSet) -> None:
    text = asked(general, CHOICE)
    assert "letter" in text
    assert "A) 4\nB) 5" in text


def test_with_a_style_and_without_one_the_form_is_the_same(general: PromptSet) -> None:
    """Only the last sentence differs: how to think."""
    plain = asked(general, NUMBER)
    assert plain.endswith(general.plain)
    for style in general.styles:
        assert asked(general, NUMBER, style).removesuffix(general.styles[style]) == (
            plain.removesuffix(general.plain)
        )


def test_every_prompt_of_a_sample_ends_with_how_to_think(general: PromptSet) -> None:
    for style in ("", *general.styles):
        for question in (NUMBER, CODE, CHOICE):
            assert "step by step" in asked(general, question, style).splitlines()[-1]


def test_the_embedded_set_is_the_text_that_its_models_were_trained_on() -> None:
    prompts = load_prompt_set("embedded")
    assert asked(prompts, NUMBER) == NUMBER.text
    assert asked(prompts, NUMBER, "any") == f"Solve: {NUMBER.text}"


def test_a_system_turn_opens_every_conversation_about_a_question() -> None:
    prompts = loaded(("prompts.system", "Be brief."))
    for prompt in ("attempt", "difficulty"):
        assert prompts.render(prompt, NUMBER, style="")[0] == Message("system", "Be brief.")
    assert prompts.render("grm_repair", Question(""), count="2")[0].role == "user"


def test_a_conversation_with_a_system_turn_keeps_its_own() -> None:
    own = (Message("system", "You are Bob."), Message("user", NUMBER.text))
    prompts = loaded(("prompts.system", "Be brief."))
    turns = prompts.render("attempt", Question(NUMBER.text, messages=own), style="")
    assert [turn.content for turn in turns if turn.role == "system"] == ["You are Bob."]


def test_examples_are_asked_in_the_form_of_the_question() -> None:
    shown = [{"question": "1 + 1?", "reply": "It is two.\n\nAnswer: 2"}]
    prompts = loaded(("prompts.system", "Be brief."), ("prompts.examples", shown))
    turns = prompts.render("attempt", NUMBER, style="")
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[1].content == turns[3].content.replace(NUMBER.text, "1 + 1?")
    assert turns[2].content == "It is two.\n\nAnswer: 2"
    assert len(prompts.render("difficulty", NUMBER)) == 2  # no sample


def test_system_and_examples_change_the_identity() -> None:
    shown = [{"question": "1 + 1?", "reply": "Answer: 2"}]
    told = [
        prompts.identity()
        for prompts in (loaded(), loaded(("prompts.system", "x")),
                        loaded(("prompts.examples", shown)))
    ]  # fmt: skip
    assert told[0] != told[1] != told[2] != told[0]


# --- refused ------------------------------------------------------------------------------------


def test_an_override_without_the_question() -> None:
    with pytest.raises(ConfigurationError, match=r"'attempt'.*lacks \{question\}"):
        loaded(("prompts.overrides.attempt", "Solve it."))


def test_an_unknown_prompt() -> None:
    with pytest.raises(ConfigurationError, match=r"no prompt 'attemt'; did you mean 'attempt'"):
        loaded(("prompts.overrides.attemt", "{question}"))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"extends": "general", "promts": {}}, "no key 'promts'"),
        ({"extends": "general", "forms": {"essay": "x"}}, "no form 'essay'"),
        ({"extends": "general", "styles": {"s": 3}}, "style 's' must be a text"),
        ({"extends": "general", "prompts": ["x"]}, "must be a mapping"),
        ({"extends": "general", "prompts": {"attempt": "x"}}, r"lacks \{question\}"),
        (
            {"prompts": {"attempt": [{"role": "bot", "content": "{question}"}]}},
            "system, user or assistant",
        ),
        ("text", "must be a mapping"),
    ],
)
def test_a_file_with_a_fault(tmp_path: Path, body: object, sentence: str) -> None:
    path = tmp_path / "set.yaml"
    path.write_text(yaml.safe_dump(body))
    with pytest.raises(ConfigurationError, match=sentence):
        load_prompt_set(str(path))


def test_a_set_that_extends_itself(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(yaml.safe_dump({"extends": str(other)}))
    other.write_text(yaml.safe_dump({"extends": str(one)}))
    with pytest.raises(ConfigurationError, match="extends itself"):
        load_prompt_set(str(one))


def test_a_set_may_hold_only_what_differs(tmp_path: Path, general: PromptSet) -> None:
    path = tmp_path / "set.yaml"
    path.write_text(yaml.safe_dump({"extends": "general", "plain": "Think."}))
    prompts = load_prompt_set(str(path))
    assert asked(prompts, NUMBER).endswith("Think.")
    assert prompts.prompts == general.prompts


# --- documented ---------------------------------------------------------------------------------


def test_every_prompt_has_a_row_in_the_docs(general: PromptSet) -> None:
    page = PAGE.read_text()
    for name in (*general.prompts, *general.styles, *general.forms):
        assert f"`{name}`" in page


def test_all_but_parts_of_others_hold_the_question(general: PromptSet) -> None:
    for name, turns in general.prompts.items():
        holds = any("{question}" in turn.content for turn in turns)
        assert holds == (name not in WITHOUT_QUESTION)
