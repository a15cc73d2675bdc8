"""Files in the public forms that people have: each is read right with no option at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from its.problems import Problem, open_problems

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Right:
    """What the first row (or the row of this number) of a file is."""

    file: str
    form: str | None
    question: str
    reference: Any = None
    choices: tuple[str, ...] = ()
    kind: str = "auto"
    id: str | None = None
    verifier: str | None = None
    row: int = 0
    roles: tuple[str, ...] = ()


FORMS = [
    Right("aime.csv", None, "Find the sum of 1, 2 and 3.", "6", id="2001-I-1"),
    Right("alpaca.json", "Alpaca", "Translate to French.\n\nGood day", "Bonjour", kind="text"),
    Right("alpaca.json", "Alpaca", "Name a colour.", "Red", kind="text", row=1),
    Right("apps.jsonl", "APPS", "Read two numbers and print their sum.", kind="code",
          verifier="stdio", id="1"),
    Right("aqua.jsonl", "AQuA", "A pen costs 3. What do 7 pens cost?", "B",
          ("18", "21", "24", "27", "30"), "choice"),
    Right("arc.jsonl", "ARC", "What melts at 0 °C?", "A", ("Ice", "Iron", "Salt", "Gold"),
          "choice", "toy_1"),
    Right("arc-original.jsonl", "ARC", "Which star is nearest to the Earth?", "B",
          ("Sirius", "The Sun", "Vega"), "choice", "toy_2"),
    Right("bbh.json", "BIG-Bench Hard", "Sort: b a", "A", ("a b", "b a"), "choice"),
    Right("bbh.json", "BIG-Bench Hard", "not ( True ) is", "False", row=1),
    Right("boolq.jsonl", "BoolQ", "Water makes things wet.\n\nis water wet", True),
    Right("boolq-superglue.jsonl", "BoolQ", "Ice is frozen water.\n\nis ice hot", "no", id="0"),
    Right("ceval.csv", None, "二加二等于多少？", "B", ("三", "四", "五", "六"), "choice", "0"),
    Right("choices.parquet", None, "How many are 2?", "C", ("one", "two", "three"), "choice",
          row=2),
    Right("commonsenseqa.jsonl", "CommonsenseQA", "Where do you keep milk cold?", "B",
          ("oven", "refrigerator", "shelf"), "choice"),
    Right("copa.jsonl", "COPA", "The lamp went out.\n\nWhat is the cause?", "A",
          ("The bulb broke.", "The sun rose."), "choice"),
    Right("counted-from-1.csv", None, "Which is last?", "C", ("a", "b", "c"), "choice", row=1),
    Right("dolly.jsonl", "Dolly", "Ada founded the shop in 1990.\n\nWho founded the shop?", "Ada",
          kind="text"),
    Right("drop.jsonl", "DROP", "The home side scored 3 goals, the guests 1.\n\n"
          "How many goals were scored?", "4", id="q1"),
    Right("excel.csv", None, "Which is more; 2 or 3?", "3"),
    Right("file.feather", None, "How many are 1?", "B", ("one", "two", "three"), "choice", row=1),
    Right("gpqa.csv", "GPQA", "Which particle has no charge,\nand mass?", "B",
          ("Positron", "Neutron", "Electron", "Proton"), "choice", "rec1"),
    Right("gsm8k.jsonl", "GSM8K", "Nina has 3 bags of 4 apples. How many apples?",
          "She has 3 * 4 = <<3*4=12>>12 apples.\n#### 12"),
    Right("hellaswag.jsonl", "HellaSwag", "A man breaks an egg. he", "B",
          ("flies away.", "puts it into a pan.", "reads a book.", "sleeps."), "choice"),
    Right("hotpotqa.jsonl", "HotpotQA", "Romania\nIts capital is Bucharest. The delta is there."
          "\n\nRhine\nA river.\n\nWhich city is the capital of the land of the Danube delta?",
          "Bucharest", id="h1"),
    Right("humaneval.jsonl", "HumanEval", 'from typing import List\n\n\ndef add_all(numbers: '
          'List[int]) -> int:\n    """The sum of the numbers."""\n', kind="code", id="Toy/0",
          verifier="code_tests"),
    Right("judgebench.jsonl", "JudgeBench", "2 + 2?", id="p1"),
    Right("livecodebench.jsonl", "LiveCodeBench", "Print the sum of two numbers.", kind="code",
          verifier="stdio"),
    Right("logiqa.jsonl", "LogiQA", "All cats sleep. Tom is a cat.\n\nWhat follows?", "A",
          ("Tom sleeps.", "Tom runs.", "Cats run.", "Nothing."), "choice"),
    Right("math.jsonl", "MATH", "Compute $1+1$.", "We add: $\\boxed{2}$."),
    Right("math500.jsonl", "MATH", "Compute $2+2$.", "4", id="test/toy/4.json"),
    Right("mathqa.jsonl", "MathQA", "a car runs 60 km in 2 hours . speed ?", "B",
          ("20", "30", "40", "50", "none of these"), "choice"),
    Right("mbpp.jsonl", "MBPP", "Write a function to double a number.\n\n"
          "Name the function `twice`.", kind="code", id="601", verifier="code_tests"),
    Right("mbpp-sanitized.jsonl", "MBPP", "Write a function to find the larger of two numbers."
          "\n\nName the function `larger`.", kind="code", id="2", verifier="code_tests"),
    Right("mmlu.jsonl", "MMLU", "How many legs has a spider?", "C", ("2", "4", "8", "6"),
          "choice"),
    Right("mmlu.jsonl", "MMLU", "What is 1 + 1?", "C", ("0", "1", "2", "3"), "choice", row=1),
    Right("mmlu-no-headings.csv", None, "Which is a fruit, usually?", "D",
          ("Stone", "Iron", "Glass", "Apple"), "choice", row=1),
    Right("mmlu-pro.jsonl", "MMLU-Pro", "Which gas do plants take in?", "C",
          ("Oxygen", "Nitrogen", "Carbon dioxide", "Helium", "Neon"), "choice", "70"),
    Right("mt-bench.jsonl", "MT-Bench", "What is 3 + 4?", "7", id="81"),
    Right("openai-batch.jsonl", "OpenAI batch", "1 + 2?", id="r1", roles=("system", "user")),
    Right("openbookqa.jsonl", "OpenBookQA", "Fire needs", "B", ("water", "oxygen", "sand", "ice"),
          "choice"),
    Right("openorca.jsonl", "OpenOrca", "Capital of Italy?", "Rome", kind="text",
          roles=("system", "user")),
    Right("piqa.jsonl", "PIQA", "Open a jar.", "A", ("Turn the lid.", "Eat the lid."), "choice"),
    Right("plain.tsv", None, '"Yes" or no?', "yes"),
    Right("plain.tsv", None, 'How many inches, in 12"?', "12", row=1),
    Right("promptfoo.csv", "promptfoo", "Capital of Spain?", "Madrid"),
    Right("promptfoo.csv", "promptfoo", "Colour of grass?", verifier="regex", row=1),
    Right("promptfoo.yaml", "promptfoo", "Answer in one word: Capital of Spain?", "Madrid"),
    Right("promptfoo.yaml", "promptfoo", "Answer in one word: Colour of grass?", verifier="regex",
          row=1),
    Right("race.jsonl", "RACE", "Mia went to the sea. She swam all day.\n\nWhere did Mia go?", "C",
          ("To the hills", "To school", "To the sea", "Home"), "choice"),
    Right("reclor.jsonl", "ReClor", "No fish can fly. A trout is a fish.\n\nWhich must be true?",
          "B", ("A trout can fly.", "A trout cannot fly.", "All fish are trout.",
                "Birds are fish."), "choice"),
    Right("rewardbench.jsonl", "RewardBench", "1 + 1?", id="1"),
    Right("sciq.jsonl", "SciQ", "Gravity pulls all things to the ground.\n\nWhat force pulls "
          "things to the ground?", "C", ("friction", "tension", "gravity", "magnetism"),
          "choice"),
    Right("sharegpt.json", "ShareGPT", "2 + 2?", "4", id="sg1",
          roles=("user", "assistant", "user")),
    Right("snli.jsonl", "entailment", "A dog runs.\n\nHypothesis: An animal moves.", "A",
          ("entailment", "neutral", "contradiction"), "choice"),
    Right("social-iqa.jsonl", "SocialIQA", "Kim helped Lee move.\n\nHow would Lee feel?", "C",
          ("angry", "bored", "grateful"), "choice"),
    Right("squad.jsonl", "SQuAD", "The Danube flows into the Black Sea.\n\nWhere does the Danube "
          "end?", ["the Black Sea", "Black Sea"], id="toy7"),
    Right("squad-original.json", "SQuAD", "The Rhine flows into the North Sea.\n\nWhere does the "
          "Rhine end?", "the North Sea", id="toy8"),
    Right("squad-original.json", "SQuAD", "The Rhine flows into the North Sea.\n\nWho owns the "
          "Rhine?", None, id="toy9", row=1),
    Right("strategyqa.json", "StrategyQA", "Could snow fall in summer?", True, id="s1"),
    Right("stream.arrow", None, "How many are 0?", "A", ("one", "two", "three"), "choice"),
    Right("svamp.jsonl", "SVAMP", "Ana had 7 pens. She gave 2 away. How many pens are left?", 5.0,
          id="toy-1"),
    Right("triviaqa.jsonl", "TriviaQA", "Which planet is red?", ["Mars", "Planet Mars"],
          id="tc_1"),
    Right("truthfulqa.csv", "TruthfulQA", "Are bats blind?",
          ["No, bats can see", "Bats see"], kind="text"),
    Right("truthfulqa-mc.jsonl", "TruthfulQA", "Do bats see?", "A",
          ("Yes, they do.", "No, they are blind."), "choice"),
    Right("winogrande.jsonl", "Winogrande", "The cup did not fit in the box because the _ was too "
          "big.", "B", ("box", "cup"), "choice", "TOY1-1"),
    Right("yes-no-passage.jsonl", None, "Tim is 5. Ann is 7.\n\nWho is older?", "Ann"),
]  # fmt: skip


@pytest.mark.parametrize("right", FORMS, ids=lambda right: f"{right.file}-{right.row}")
def test_a_known_form_is_read_right_with_no_option(right: Right) -> None:
    with open_problems(str(DATA / right.file)) as reader:
        problem = list(reader)[right.row]
    assert isinstance(problem, Problem), problem
    question = problem.question
    assert (question.text, problem.reference) == (right.question, right.reference)
    assert (question.choices, question.kind) == (right.choices, right.kind)
    assert tuple(message.role for message in question.messages) == right.roles
    assert (problem.verifier.kind if problem.verifier else None) == right.verifier
    assert right.form in {mapping.form for mapping in reader.mappings}
    if right.id is not None:
        assert problem.id == right.id


def test_no_data_file_is_without_its_line_in_the_table() -> None:
    unread = {"unknown.jsonl"}
    assert {path.name for path in DATA.iterdir()} == {right.file for right in FORMS} | unread


def test_the_tests_of_a_program_are_never_asked() -> None:
    with open_problems(str(DATA / "mbpp.jsonl")) as reader:
        problem = reader.first()
    assert problem is not None
    assert "assert" not in repr(problem.question)
    assert "return" not in repr(problem.question)
    assert problem.verifier is not None
    assert problem.verifier.data["tests"] == ("assert twice(2) == 4", "assert twice(0) == 0")


@pytest.mark.parametrize(
    ("file", "responses", "label"),
    [("rewardbench.jsonl", ["2", "3"], 0), ("judgebench.jsonl", ["5", "4"], 1)],
)
def test_pairs_are_responses_to_judge(file: str, responses: list[str], label: int) -> None:
    with open_problems(str(DATA / file)) as reader:
        problem = reader.first()
    assert problem is not None
    assert (problem.metadata["responses"], problem.metadata["label"]) == (responses, label)
