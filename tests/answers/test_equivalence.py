"""Which answers are the same, by normal form alone."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.answers import Equivalence, equivalent
from its.candidates import Answer


def same(a: str, b: str, rules: Equivalence | None = None) -> bool:
    left, right = Answer(a, "expression"), Answer(b, "expression")
    return equivalent(left, right) if rules is None else equivalent(left, right, rules)


SAME = [
    ["0.5", "1/2", r"\frac12", r"\frac{1}{2}", r"\dfrac{1}{2}", r"\tfrac12", ".5", "$0.50$", "½"],
    ["1000", "1,000", "1{,}000", r"1,\!000", "1 000", "10^3", "1e3", r"\$1{,}000", "1 thousand"],
    ["0", "-0", "0.0", r"\sin(\pi)", "x - x"],
    ["-3/2", "-1.5", r"-1\frac12", "-1 1/2", r"\frac{-3}{2}", r"-\frac{3}{2}", r"\frac{3}{-2}"],
    ["90", r"90^\circ", "90°", "90 degrees", r"90^{\circ}"],
    ["5", "5 cm", r"5\text{ cm}^2", "x=5", r"\(5\)", "**5**", "5.", "5 apples", r"5\,\mathrm{kg}"],
    [r"2\sqrt{3}", r"2\sqrt3", r"\sqrt{12}", "2√3", "2*sqrt(3)"],
    [r"\frac{\pi}{2}", r"\pi/2", r"0.5\pi", "π/2"],
    ["(1,2)", "( 1 , 4/2 )", r"\left(1, 2\right)"],
    [r"\{1,2\}", r"\{2,1\}", "1, 2", "2,1", "1 and 2", "x=1 or x=2"],
    [r"(-\infty,2)\cup(3,\infty)", r"(-\infty, 2) \cup (3, \infty)"],
    ["x^2-1", "(x-1)(x+1)", "-1+x^2"],
    ["2x+3", "y = 3 + 2x", "3+x+x"],
    ["2x+3y=6", "2x+3y-6=0", "4x + 6y = 12"],
    ["3", r"\log_2 8", r"\sqrt[3]{27}", "3!/2", r"\sqrt{9}=3"],
    ["x = 1, y = 2", "y=2, x=1", "x=1 and y=2"],
    ["5", "5 (five)", "5 (five apples)"],
    [r"1 \pm \sqrt{2}", r"1+\sqrt2, 1-\sqrt2"],
    [r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix} 1.0 \\ \frac{4}{2} \end{bmatrix}"],
    ["Evelyn", r"\text{Evelyn}", "**evelyn**", "Evelyn."],
    ["C", r"\text{(C)}", "(C)", r"\textbf{(C)}"],
    ["1", r"\sin^2 x + \cos^2 x", "-e^{i\\pi}"],
    ["12", "12th", r"12^{\text{th}}", "12_5", "12_{5}"],
    ["3.5 million", "3,500,000"],
    [r"3R^2", "3r^2"],
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings[0])
def test_spellings_of_one_answer_are_equivalent(spellings: list[str]) -> None:
    assert [text for text in spellings if not same(spellings[0], text)] == []


def test_different_answers_are_distinguished() -> None:
    answers = [
        *("1", "2", "12", "1/3", "0.33", "-1", "10", "0.1", "5 million", "1.4142135", r"\sqrt2"),
        *("x", "x+1", "x^2", "2xy", "(1,2)", "[1,2]", "(1,2]", "1,2", "1,3", "(2,1)"),
        *("x=1, y=2", "x=2, y=1", r"(-\infty, 1)", r"(1, \infty)"),
        *("Paris", "London", "yes", "no", "on", "3:4", "4:3", "x<2", "x>2", r"R^2-r^2", "i"),
    ]
    clashes = [(a, b) for i, a in enumerate(answers) for b in answers[:i] if same(a, b)]
    assert clashes == []


@pytest.mark.parametrize(
    ("percent", "equal", "different"),
    [("ignore", "50", "0.5"), ("value", "0.5", "50"), ("keep", r"50\%", "50")],
)
def test_percent_is_read_as_the_rules_say(percent: str, equal: str, different: str) -> None:
    rules = Equivalence(percent=percent)  # type: ignore[arg-type]
    assert same("50%", equal, rules)
    assert not same("50%", different, rules)


def test_units_can_be_kept() -> None:
    keep = Equivalence(units="keep")
    assert not same("5 cm", "5", keep)
    assert same("5 cm", "5 cm", keep)


def test_kinds_decide_how_texts_are_compared() -> None:
    assert equivalent(Answer("b", "choice"), Answer("(B)", "choice"))
    assert equivalent(Answer("New  York", "text"), Answer("new york.", "text"))
    assert not equivalent(Answer("1/2", "text"), Answer("0.5", "text"))
    assert equivalent(Answer("a = 1  \n", "code"), Answer("a = 1", "code"))
    assert not equivalent(Answer("if a:\n b", "code"), Answer("if a: b", "code"))


fractions = st.builds(Fraction, st.integers(-999, 999), st.integers(1, 999))


@settings(deadline=None)
@given(fractions)
def test_a_fraction_written_in_many_ways_is_one_answer(value: Fraction) -> None:
    top, bottom = value.numerator, value.denominator
    sign, size = ("-" if top < 0 else ""), abs(top)
    spellings = [
        f"{top}/{bottom}",
        f"\\frac{{{top}}}{{{bottom}}}",
        f"{sign}\\dfrac{{{size}}}{{{bottom}}}",
        f"$ {sign}\\tfrac{{ {size} }}{{ {bottom} }} $",
        f"{2 * top} / {2 * bottom}",
        f"x = {top}/{bottom}",
        f"{sign}{size // bottom}\\frac{{{size % bottom}}}{{{bottom}}}",
        f"\\left( {top}/{bottom} \\right)",
        f"\\text{{{top}/{bottom}}}",
        f"**{top}/{bottom}** cm",
    ]
    assert [text for text in spellings if not same(spellings[0], text)] == []


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_a_number_keeps_its_value_through_formatting(value: int, decimals: int) -> None:
    for text in (f"{value:,}", f"{value:.{decimals}f}", f"\\${value}", f"{value:,} dollars"):
        assert same(text, str(value))
    assert not same(str(value + 1), f"{value:,}")


mathematical = st.lists(
    st.sampled_from(
        [
            *(r"\frac{1}{2}", r"\boxed{", "}", "{", "(", ")", "[", "]", "1", "2", "x", "y", "+"),
            *("-", "*", "/", "^", "_", r"\sqrt", r"\sin", "|", "!", ",", ".", r"\%", "$", "and"),
            *(r"\text{", " cm", "answer:", "**", "(B)", r"\begin{pmatrix}", r"\end{pmatrix}"),
            *("\\\\", "&", "=", r"\pm", r"\cup", "½", "⁴", "٣", "e", "i", r"\pi", "1e99", "\ud800"),
        ]
    ),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=200), mathematical), st.one_of(st.text(), mathematical))
def test_equivalence_is_reflexive_and_symmetric_on_any_text(a: str, b: str) -> None:
    assert same(a, a)
    assert same(a, b) == same(b, a)


@pytest.mark.parametrize(
    "text",
    ["9^{9^{9^{9^9}}}", "1e999999999", "((((" * 400, r"\sqrt" * 300, "1" * 1_000_000, "9!!!!!!",
     "1+" * 5000 + "1", "2^" * 500 + "2", "0/0", "0^{-1}", "x" + "!" * 500, "1/(1-1)"],
)  # fmt: skip
def test_hostile_mathematics_is_compared_in_bounded_time(text: str) -> None:
    assert same(text, text)
    assert not same(text, "7")
