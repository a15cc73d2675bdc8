"""Tidying what models write around mathematics: LaTeX layout, Markdown, currency, odd characters.

Everything here is linear in the length of the text.
"""

from __future__ import annotations

import re

from its.answers.characters import folded

ROW_BREAK = "\x00"
"""Stands for a matrix's row break, since a backslash pair would read as two commands."""

_CHARACTERS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "⁄": "/",
        "π": "\\pi ", "∞": "\\infty ", "√": "\\sqrt ", "θ": "\\theta ", "∪": "\\cup ",
        "∩": "\\cap ", "∈": "\\in ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ", "±": "\\pm ",
        "⩽": "\\le ", "⩾": "\\ge ", "≦": "\\le ", "≧": "\\ge ",
        "…": "...", "∑": "\\sum ", "∏": "\\prod ",
        "∅": "\\emptyset ", "μ": "µ", "\u2061": "", "\u200b": "", "\ufeff": "",
        **dict.fromkeys("°£€¥₹₽₩₺₫₱฿₦₴₪¢￥￡", ""),
        "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}",
        "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "‘": "'", "’": "'", "“": '"', "”": '"',
    }
)  # fmt: skip

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_DEGREES = re.compile(r"[°º] ?[CFK](?![A-Za-z])|[℃℉]")
_LOWERED = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_MARKS = dict.fromkeys((0, 1, 2), None)
_WRAPPERS = (("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("$", "$"), ("`", "`"),
             ("__", "__"), ("*", "*"), ('"', '"'))  # fmt: skip

_GOES_ON = re.compile(r", {0,4}(?:\.\.\.|…)$")
_TRAILING = " \t\r\n.,;:。，；：、"
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"\\(?:left|right|[Bb]igg?[lrm]?)(?![A-Za-z])\.?", ""),
        (r"\\(?:displaystyle|textstyle|limits|boldsymbol)(?![A-Za-z])", " "),
        (r", ?\\! ?(?=\d{3})", ","),
        (r"\\!", ""),
        (r"(?<=\d)\\, ?(?=\d{3})", ","),
        (r"\\approx(?![A-Za-z])|≈|^(?:approximately|about|roughly|exactly|around) ", " "),
        (r"\\[,;:> ]|\\q?quad(?![A-Za-z])|~|&nbsp;", " "),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\frac ?(\d) ?(\d)", r"\\frac{\1}{\2}"),
        (r"\\frac ?(\d) ?\{", r"\\frac{\1}{"),
        (r"\{,\}", ","),
        (r"\^ ?(?:\\circ|\{ ?\\circ ?\})(?![A-Za-z])|\\degrees?(?![A-Za-z])", ""),
        (r"\b(?:US|AU|CA|HK|NZ|NT|SG|A|C|R|S) ?\\?\$ ?(?=\d)", ""),
        (r"\\?\$|\\(?:pounds|euro)(?![A-Za-z])", ""),
        (r"^(?:minus|negative) (?=[\d.\\])", "-"),
        (r"\\(?:cdot|times|ast)(?![A-Za-z])|\\\*", "*"),
        (r"(?<=\d) ?[xX] ?(?=10 ?\^)", "*"),
        (r"\\div(?![A-Za-z])", "/"),
        (r"\\leq(?:slant|q)?(?![A-Za-z])", r"\\le"),
        (r"\\geq(?:slant|q)?(?![A-Za-z])", r"\\ge"),
        (r"\\neq(?![A-Za-z])", r"\\ne"),
        (r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])", "|"),
        (r"\\(?:dots|ldots|cdots)(?![A-Za-z])", "..."),
        (r"\\var(theta|phi|epsilon|rho)(?![A-Za-z])", r"\\\1"),
        (r"(?<=[\w)}])\*\*(?=[\w({\\-])", "^"),
        (r"\*\*", ""),
        (r"\\%", "%"),
        (r"\\#", "#"),
        (r"\\_", "_"),
        (r"\s{2,}", " "),
    )
)
_TEXT_BLOCK = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|mathrm|mathbf|mathit|mathsf|mbox|operatorname|emph)"
    r" ?\{((?:[^{}]|\{[^{}]*\})*)\}"
)


def strip_wrapping(text: str) -> str:
    """Take off surrounding dollar signs, Markdown, quotes and trailing punctuation."""
    before = None
    text = text.strip()
    if text[:1].isalnum() and text[-1:].isalnum():
        return text
    if text.endswith(("...", "…")):
        text = _GOES_ON.sub(r", \\dots", text)
    for _ in range(8):
        if text == before:
            break
        before = text
        text = text.rstrip(_TRAILING if _ends_in_factorial(text) else _TRAILING + "!！")
        text = text.removesuffix("\\").lstrip(" \t\r\n:=：＝")
        for start, end in _WRAPPERS:
            if text.startswith(start) and text.endswith(end):
                middle = text[len(start) : -len(end)]
                if middle and len(text) > len(start) + len(end) and start not in middle:
                    text = middle
    return text.strip()


def tidy(text: str) -> str:
    """One spelling for what has several: fractions, spaces, degrees, currency, products.

    Text blocks (`\\text{…}`) stay, since their words may be a unit. Row breaks become NUL.
    """
    text = text.translate(_MARKS).replace("\\\\", ROW_BREAK)
    if not text.isascii():
        text = _unicode_tidied(folded(text))
    for pattern, into in _REWRITES:
        text = pattern.sub(into, text)
    return text.strip()


def _unicode_tidied(text: str) -> str:
    text = _RAISED.sub(lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    text = _LOWERED.sub(lambda found: "_{" + found[0].translate(_SUBSCRIPTS) + "}", text)
    return _DEGREES.sub("", text).translate(_CHARACTERS)


def mark_text(text: str) -> str:
    """Text blocks put between \x01 and \x02, so that what braces remain are mathematics."""
    return _TEXT_BLOCK.sub("\x01\\1\x02", text)


def words_of(text: str) -> str:
    """A text with its text blocks, marked or not, as plain words."""
    return mark_text(text).replace("\x01", " ").replace("\x02", " ")


def _ends_in_factorial(text: str) -> bool:
    return text.endswith("!") and text[-2:-1].isalnum() and " " not in text
