"""YAML within bounds: what no configuration needs is refused with its line, in a moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import ConfigurationError
from its.pipeline.load import parse_override, read_document
from its.prompts.prompt_set import load_prompt_set
from its.yaml_text import parse_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "aliases make this too large"),
        ("a: &a [*a]", "line 1: an alias contains itself"),
        ("a: &a {b: *a}", "line 1: an alias contains itself"),
        ("[" * 5000, "nested more than 50 deep"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than 50 deep"),
        ("{a: " * 5000, "nested more than 50 deep"),
        ("- x\n" * 200_000, "too long for a configuration"),
        ("x: 1\ny: 2\nx: 3", "line 3: the key 'x' stands on line 1 already"),
        ("a:\n  n: 1\n  n: 2", "line 3: the key 'n' stands on line 2 already"),
        ("x: !!binary aGk=", "line 1: !!binary has no place"),
        ("x: !!python/object:os.system {}", "has no place"),
        ("x: !!set {a, b}", "!!set has no place"),
        ("x: !mine 1", "!mine has no place"),
        ("x: " + "9" * 5000, "line 1: this number is too large"),
        ("x: 99999999999999999999", "line 1: this number is too large"),
        ("x: 1.0e+999", "line 1: this number is too large"),
        ("x: .inf", "line 1: this number is too large"),
        ("x: 0b" + "1" * 90, "line 1: this number is too large"),
        ("x: 9_999_999_999_999_999_999", "line 1: this number is too large"),
        ("[a, b]: 1", "line 1: a key must be a plain word"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: \x01", "not valid YAML"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_no_configuration_needs_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_yaml(text, "c.yaml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("c.yaml")
    assert "\n" not in str(refused.value)


def test_what_people_write_is_read() -> None:
    text = "base: &b {n: 4}\nstage: {<<: *b, m: 1.5}\nday: 2024-01-01\nnone: null\nyes: true\n"
    _, data = parse_yaml(text, "c.yaml")
    assert data["stage"] == {"n": 4, "m": 1.5}
    assert data["day"] == "2024-01-01"


@given(st.text(st.sampled_from("ab:-[]{}&*!#|>'\"\n \t,?%@`~0129.e<")))
@settings(max_examples=500)
def test_any_text_is_data_or_one_sentence(text: str) -> None:
    said = ""
    try:
        parse_yaml(text, "c.yaml")
    except ConfigurationError as error:
        said = str(error)
    assert "\n" not in said


def test_only_regular_files_of_reasonable_size_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"#" * 2_000_000)
    (tmp_path / "latin").write_bytes(b"model: {name: caf\xe9}\n")
    for name in ("fifo", "/dev/zero", "large", "latin", "."):
        with pytest.raises(ConfigurationError):
            read_document(str(tmp_path / name))


def test_an_option_is_read_within_the_same_bounds() -> None:
    assert parse_override("a.b=[1, two]") == ("a.b", [1, "two"])
    assert parse_override("a.b={{") == ("a.b", "{{")
    with pytest.raises(ConfigurationError, match=r"--set a line 1: this number is too large"):
        parse_override("a=" + "9" * 30)


def test_a_prompt_set_that_extends_itself_is_refused_with_its_way(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(f"extends: {second}\n")
    second.write_text(f"extends: {first}\n")
    with pytest.raises(ConfigurationError, match=r"extends itself: .*first.*second.*first"):
        load_prompt_set(str(first))
    first.write_text("prompts: [not, a, mapping]\n")
    with pytest.raises(ConfigurationError, match="must be a mapping"):
        load_prompt_set(str(first))
