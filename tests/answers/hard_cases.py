"""Hard cases of reading and comparing answers: a table to add to."""

# ruff: noqa: E501
from __future__ import annotations

from its.problems import AnswerKind

# Pairs that are different answers, by the notation that tells them apart.
DIFFERENT: list[tuple[str, str]] = [
    # dates, scores, ranges and times are not computed
    ("2024-03-05", "2024-05-03"), ("10/05/2021", "04/02/2021"), ("2016", "2024-03-05"),
    ("2024/01/02", "2024/02/01"), ("1/2/2021", "2/4/2021"), ("5.3.2024", "3.5.2024"),
    ("3-2", "2-1"), ("3–2", "2–1"), ("3-2", "1"), ("3-5 days", "4-6 days"), ("10-7", "3"),
    ("3–5 days", "4–6 days"), ("3 to 5 days", "4 to 6 days"), ("$3-$5", "$4-$6"), ("21-15", "20-14"),
    ("between 3 and 5", "between 4 and 6"), ("1990-1995", "1991-1996"), ("555-1234", "556-1235"),
    ("9 a.m.", "9 p.m."), ("9:30 AM", "9:30 PM"), ("9:30", "9:31"), ("[3-5]", "[4-6]"), ("7–5", "6–4"), ("10-20%", "20-30%"), ("3:4", "4:3"), ("12 am", "12 pm"),
    ("5 May", "5 June"), ("May 5", "June 5"), ("5 May 2021", "5 May 2022"), ("March 2020", "May 2020"),
    ("3月5日", "5月3日"), ("2024年3月5日", "2024年5月3日"),
    # signs of logic and structure
    (r"x \equiv 3 \pmod 7", r"x \equiv 5 \pmod 7"), (r"x \equiv 5 \pmod 7", "7"),
    (r"x \equiv 3 \pmod{7}", r"x \equiv 3 \pmod{8}"), ("x ≡ 1 (mod 4)", "x ≡ 3 (mod 4)"),
    (r"3 \pmod 7", r"5 \pmod 7"), (r"1,2,3,\dots", r"1,2,4,\dots"), ("1, 2, 3, ...", "1, 3, 2, ..."),
    (r"2, 4, 6, \ldots", r"2, 4, 8, \ldots"), (r"\{1,2,\dots\}", r"\{2,1,\dots\}"),
    (r"\forall x>0, f(x)=0", r"\exists x>0, f(x)=0"), ("∀x P(x)", "∃x P(x)"),
    (r"\begin{cases}1 & x>0\\2 & x<0\end{cases}", "2"),
    (r"\begin{cases}1 & x>0\\2 & x<0\end{cases}", r"\begin{cases}2 & x>0\\1 & x<0\end{cases}"),
    (r"f(x)=\begin{cases}x & x>0\\-x & x<0\end{cases}", r"f(x)=\begin{cases}-x & x>0\\x & x<0\end{cases}"),
    (r"\angle ABC", r"\angle BAC"), ("∠ABC", "∠BAC"), (r"\triangle ABC", r"\triangle ABD"),
    (r"(1\,2\,3)", r"(1\,3\,2)"), ("(1 2 3)", "(1 3 2)"), ("(1 2)(3 4)", "(1 3)(2 4)"),
    (r"(1\ 23)", r"(12\ 3)"), (r"\sum_{k=1}^{n} a_k", r"\prod_{k=1}^{n} a_k"),
    (r"\sum_{i=1}^n b_i", r"\sum_{i=1}^m b_i"), (r"A \implies B", r"B \implies A"),
    # lists of counted things
    ("2 red and 3 blue", "3 red and 2 blue"), ("5 cats, 2 dogs", "2 cats, 5 dogs"),
    ("5 feet 6 inches", "6 feet 5 inches"), ("2 hours 30 minutes", "30 hours 2 minutes"),
    # numbers too large or small for a float
    ("1/1003!", "1/1005!"), (r"1/\binom{10}{3}", "0.008333"), ("e^{-800}", "0"), ("e^{-40}", "0"),
    ("e^{-800}", "e^{-900}"), ("e^{50}+1", "e^{50}"), ("e^{900}", "e^{901}"), ("10^{-400}", "0"),
    ("2^{-2000}", "0"), (r"\frac{1}{1003!}", "0"), ("10^{400}", "10^{400}+1"), ("1e-300", "0"),
    ("1+e^{-30}", "1"), (r"\binom{10}{3}", r"\binom{10}{4}"),
    # names stay names
    ("5 x", "5"), ("5m", "5"), ("2xy", "2"), ("3ab", "3"), ("5 xy^2", "5"), ("x^2", "x"),
    ("12万", "12"), ("x<2", "x>2"), ("x>1 or x<0", "x>0 or x<1"),
    ("2imo 12 tfiqr.", "2io 12 tfiqr.-"), ("A whale is a mammal", "A dog is a mammal"),
    ("one two", "3"), ("twenty eleven", "31"), ("the", "a"), ("0", "1"),
    ("It is not Paris", "Paris"), ("Apollo 11", "11"), ("World War 2", "World War 1"),
]  # fmt: skip

# Spellings of one answer.
SAME: list[list[str]] = [
    ["2024-03-05", "March 5, 2024", "5 March 2024", "2024/3/5", "Mar 5, 2024", "5th of March 2024"],
    ["10/05/2021", "10/5/2021"], ["25/12/2021", "12/25/2021", "2021-12-25", "December 25th, 2021"],
    ["9 a.m.", "9 AM", "9:00 am", "09:00", "9am"], ["9 p.m.", "21:00", "9:00 PM"],
    ["3-5 days", "3–5 days", "3 to 5 days", "3-5", "from 3 to 5"], ["5 May", "May 5", "May 5th"],
    [r"x \equiv 3 \pmod 7", r"x\equiv 10\pmod{7}", "x ≡ 3 (mod 7)", r"3 \pmod 7"],
    [r"1,2,3,\dots", r"1, 2, 3, \ldots", "1,2,3,..."], [r"\angle ABC", r"\angle CBA", "∠ABC"],
    ["(1 2 3)", r"(1\,2\,3)", r"(1\ 2\ 3)"], ["2 red and 3 blue", "3 blue, 2 red"],
    ["5 feet 6 inches", "5 feet, 6 inches"], [r"1/\binom{10}{3}", "1/120"], ["0", r"\sin(\pi)"],
    ["0", r"\sqrt{2}\sqrt{2}-2", r"e^{-800}-e^{-800}+0"[-1:]],
    ["12", "twelve", "Twelve"], ["-3", "minus three"], ["0", "zero"], ["205", "two hundred and five"],
    ["1200000", "one million two hundred thousand"], ["United States", "the United States"],
    # units
    ["5", "5 m", "5 N", "5 m/s", "5 m/s^2", "5 m/s²", r"5\ \mathrm{m/s}^2", "5 kg·m/s^2", "5 km/h",
     "5 kWh", "5 Hz", "5kg", "5 µm", "5 Ω", "5%", "5 people", "5 cm^2", "5 cm³", r"5\text{ m}"],
    ["25", "25 °C", "25°C", r"25^\circ\text{C}", r"25^\circ C", "25 ℃", "25°", "25 degrees Celsius"],
    ["9.8", "9.8 m/s^2", "9.8 m/s²", r"9.8\,\text{m/s}^2", r"9.8 \frac{m}{s^2}"[:3]],
    ["12", "12个", "12 个", "12個", "12人", "12 élèves", "12人です"[:3], "１２", "12명", "12 учеников"],
    ["1500", "1500円", "¥1500", "Rs. 1500", "Rs 1,500", "₹1500", "1,500 INR", "1500 USD", "USD 1500",
     "US$1,500", "$1500", "€1500", "1500€", "1.500,00 €", "1 500", "1'500"],
    ["150000", "₹1,50,000", "1,50,000", "1.5 lakh", "15万"], ["7.5", "USD 7.50", "$7.50", "7.50 dollars"],
    ["1520000", "1.52 x 10^6", "1.52 × 10^6", "1.52x10^6", r"1.52 \times 10^{6}", "1.52 × 10⁶"],
    ["1000000", "10⁶", "10^6", "1 million", "100万"], ["0.001", "10⁻³", "10^{-3}"],
    ["-5", "minus 5", "negative 5", "−5"],
    ["x>1", r"(1,\infty)", "1 < x", r"x \in (1, \infty)"], ["1<x<=3", r"(1,3]", r"1 < x \le 3"],
    [r"x>1 \text{ or } x<0", r"(-\infty,0)\cup(1,\infty)", "x<0 or x>1"],
    [r"3 \* 60 \* 3 = 3600 meters", "3600"], ["The capital is Paris", "Paris", "It is Paris."],
    ["It is false", "False", "false", "This is false."],
    ["-2,1", "1, -2", "1,-2", r"\{-2, 1\}"], ["(1, -2)", "(1,-2)"], ["x is 5", "5", "x = 5"],
    ["5", r"5\ \mathrm{m\,s^{-1}}", r"5\,\mathrm{kg\cdot m/s^{2}}"], [r"x \leqslant 2", "x ≤ 2", r"(-\infty, 2]"],
    ["x＝3", "3", "x = 3"],
]  # fmt: skip

# What a text's answer is; None abstains.
READ: list[tuple[str, str | None]] = [
    ("Hence the total is 3.2×10^4.", "3.2×10^4"), ("The population is about 5 million.", "5 million"),
    ("∴ x = 7", "x = 7"), ("Answer: Yes, it is.", "Yes"), ("Answer: No, because it is odd.", "No"),
    ("The answers are 2 and 3.", "2 and 3"), ("Answer: minus three", "minus three"), ("Answer: Seven.", "Seven"),
    (r"\boxed{\text{None}}", None), (r"\text{I don't know}", None), (r"\boxed{answer}", None),
    (r"\text{Cannot be determined}", None), ("[your answer]", None), ("Answer: [your answer]", None),
    ("insufficient information", None), ("Answer: insufficient information", None),
    ("Answer: the answer is not known", None), (r"\boxed{\text{Not enough information}}", None),
    (r"$\boxed{\textbf{N/A}}$", None), ("Answer: **Unknown**", None), ("<answer>None</answer>", None),
    ('{"answer": null}', None), ('{"answer": "unknown"}', None), (r"\boxed{?}", None),
    ("Answer: [insert answer here]", None), ("Answer: <your answer>", None), ("Answer: ___", None),
    ("I cannot determine the answer.", None), ("I'm sorry, but I can't help with that.", None),
    ("I cannot solve this.", None), ("The answer cannot be determined.", None), ("答案：无法确定", None),
    ("Réponse : je ne sais pas", None), ("Antwort: Das kann nicht bestimmt werden.", None),
    ("La respuesta no se puede determinar.", None), ("Ответ: не знаю", None), ("我不知道。", None),
    ("Let us see.\nIt is impossible to determine.", None), (r"\boxed{\text{ I do not know. }}", None),
    (r"\boxed{\emptyset}", r"\emptyset"), (r"\boxed{\infty}", r"\infty"), (r"\boxed{[]}", "[]"),
    ("#### The final answer is 42", "42"), ("<answer>The answer is 42</answer>", "42"),
    ("<answer>12", "12"), ("<answer>3 < x < 5</answer>", "3 < x < 5"), (r"<answer>\boxed{7}</answer>", "7"),
    ("<answer>Answer: 5</answer>", "5"), ("<answer>12</answer", "12"), ("Answer: <answer>6</answer>", "6"),
    ("The answer is 64, which is the total.", "64"), ("Answer: 64, because 8*8 = 64.", "64"),
    (r"\boxed{\text{Answer: } 5}", "5"), ("<thinking>The answer is 3.</thinking>The answer is 4.", "4"),
    ("[THINK]The answer is 3.[/THINK]The answer is 4.", "4"),
    ("◁think▷The answer is 3.◁/think▷The answer is 4.", "4"),
    ("<think>Say the answer is 3.", None), ("[THINK]\\boxed{3}", None), ("◁think▷Answer: 3", None),
    ("<thinking>\nAnswer: 3", None), ("<reasoning>x</reasoning>\nAnswer: 4", "4"),
    ("<|channel|>analysis<|message|>Answer: 3<|end|><|start|>assistant<|channel|>final<|message|>"
     "Answer: 4<|return|>", "4"),
    ("<|channel|>analysis<|message|>Answer: 3", None), ("analysisAnswer: 3assistantfinalAnswer: 4", "4"),
    ("Answer: Natalia sold 72 clips.", "72"), ("Answer: Weng earned $10", "$10"), ("Answer: She paid $12 in total", "$12"),
    ("Answer: John is 12 years old", "12"), ("मुझे नहीं पता", None), ("ฉันไม่ทราบ", None),
    ("Answer: The capital is Paris", "Paris"), ("Answer: It is false", "false"),
    ("The answer is 72 clips.", "72 clips"), ("Answer: Not possible to obtain 24", "Not possible to obtain 24"),
    ("Answer: This cannot form 24", "This cannot form 24"), ("Answer: Invalid (not 24)", "Invalid (not 24)"), ("Answer: Apollo 11", "Apollo 11"),
    ("Answer：12", "12"), ("３", "3"), (r"\boxed{x＝3}", "x=3"), ("答案：12", "12"), ("答案是12。", "12"),
    ("最终答案为 **12**", "12"), ("Réponse : 12", "12"), ("Antwort: 12", "12"), ("Die Antwort ist 12.", "12"),
    ("La respuesta es 12", "12"), ("A resposta é 12.", "12"), ("La risposta è 12.", "12"),
    ("Ответ: 12", "12"), ("答え：12", "12"), ("答えは12です", "12です"), ("정답: 12", "12"), ("الجواب: ١٢", "12"),
    ("उत्तर: १२", "12"), ("Đáp án: 12", "12"), ("Het antwoord is 12.", "12"), ("Odpowiedź: 12", "12"),
    ('{"answer": [2, 5]}', "2, 5"), ("Answer: minus 5", "minus 5"), (r"\boxed{2} and \boxed{5}", "2, 5"),
    (r"$\boxed{2}$ and $\boxed{5}$", "2, 5"), (r"\boxed{2}, \boxed{5}", "2, 5"),
    (r"\boxed{2}. Then \boxed{5}", "5"), ("{'answer': 5}", "5"), ('{"final_answer": "x"}', "x"),
]  # fmt: skip

FOUR_CHOICES = ("Paris", "London", "Rome", "4")

# The letter of a choice among these four.
CHOSEN: list[tuple[str, str | None]] = [
    (r"\boxed{E = mc^2} and so on. Final answer: C", "C"), ("A, C", None), ("A and C", None), ("both A and C", None), ("Answer: 'C'", "C"), ("选C", "C"),
    ("B is clearly wrong, so it must be C.", "C"), ("Answer: A or B", None), ("c) rome", "C"),
    ("b. 4", "B"), (r"\boxed{\text{Answer: D}}", "D"), ("故选 C。", "C"), ("答案：C", "C"), ("答案是B", "B"),
    ("The answer is (B)", "B"), ("B) London", "B"), ("(c)", "C"), ("Answer: C.", "C"), ("C: Rome", "C"),
    ("Answer: C because Rome is old", "C"), ("Answer: A city", None), ("Answer: B is correct", "B"),
    (r"\boxed{\textbf{(A)}\ Paris}", "A"), ("Answer: Rome", "C"), ("Réponse : B", "B"), ("正确答案是 D", "D"),
    (r"\boxed{A^2} but \boxed{D}", "D"), ("<answer>C</answer>", "C"), ("Option C", "C"), ("Ｃ", "C"),
    (r"\boxed{A = \pi r^2}", None), ("Answer: Option (D)", "D"), ("#### B", "B"), ("Answer: B, D", None),
]  # fmt: skip

# Kinds that are compared as they are written, or as values of Python or JSON.
EXACT: list[tuple[AnswerKind, str, str, bool]] = [
    ("exact", "{'fr': 'AAA'}", "{'fr': 'AAA'}", True), ("exact", "2imo 12 tfiqr.", "2io 12 tfiqr.-", False),
    ("exact", "0", "[0]", False), ("exact", "[]", "[]", True), ("exact", "1.0", "1", False),
    ("exact", "a  b", "a b", False), ("exact", "{}", "{}", True), ("exact", "''", "''", True),
    ("exact", "Hello.", "Hello", False), ("exact", "None", "None", True), ("exact", "A", "a", False),
    ("literal", "{'foo': ['bar']}", '{"foo": ["bar"]}', True), ("literal", "[]", "[]", True),
    ("literal", "0", "[0]", False), ("literal", "''", '""', True), ("literal", "(1, 2)", "(1,2)", True),
    ("literal", "(1, 2)", "[1, 2]", False), ("literal", "true", "True", True), ("literal", "1", "1.0", True),
    ("literal", "True", "1", False), ("literal", "null", "None", True), ("literal", "{}", "set()", False),
    ("literal", "{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", True), ("literal", "'a b'", "'a  b'", False),
    ("literal", "not a value", "not a value", True), ("literal", "{1, 2}", "{2, 1}", True),
]  # fmt: skip
