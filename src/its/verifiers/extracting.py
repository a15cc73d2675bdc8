"""Programs and public examples, read out of texts: a reply, a prompt, tests. By pattern alone;
nothing is run or parsed here."""

from __future__ import annotations

import builtins
import doctest
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from its.answers.thinking import after_thinking

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([^\n`]*)\n(.*?)^[ \t]*\1[ \t]*$", re.M | re.DOTALL)
_OPENING = re.compile(r"^[ \t]*(?:```+|~~~+)[ \t]*([^\n`]*)\n(.*)\Z", re.M | re.DOTALL)
_DEFINED = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+([A-Za-z_]\w*)", re.M)
_WORD = re.compile(r"[A-Za-z_]\w*")
_LANGUAGES = frozenset(("", "python", "py", "python3", "python 3", "code"))
_CALLED = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*\(")
_OPENED = re.compile(r"^(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_NAMED = re.compile(r"function `([A-Za-z_]\w*)")
_DOCSTRING = re.compile(r'("""|\'\'\')(.*?)\1', re.DOTALL)
_NOT_UNDER_TEST = frozenset(("assert", "if", "for", "while", "not", "and", "or", "in", "return"))


def program_in(text: str, entry_point: str | None = None, prompt: str = "") -> str:
    """The program in a reply, behind any thinking: its last complete fence that defines the entry
    point, with what earlier fences define and it uses; else its last complete fence, else one that
    is left open (its end was a stop string, say), else the text itself.

    A `prompt` that opens a program is completed by it: what comes before the entry point there
    goes before a program that defines it, and all of it before one that goes on where it ends.
    """
    text = after_thinking(text)[0]
    blocks = [_flush(block) for block in _blocks(text)]
    left_open = [_flush(block) for block in _open_block(text)]
    name = _bare(entry_point)
    if name is None:
        return [text, *left_open, *blocks][-1]
    pieces = [*reversed(blocks), *left_open, text]
    for number, piece in enumerate(pieces):
        if _definition(name).search(piece):
            earlier = blocks[: max(0, len(blocks) - 1 - number)]
            return header_of(prompt, name) + _helpers(piece, earlier) + piece
    if _definition(name).search(prompt) and not _fenced(prompt):
        return f"{prompt.rstrip()}\n{_as_body(pieces[0])}"
    return pieces[0]


def asked_function(question: str) -> str | None:
    """The function that a question asks for: the last one that it opens at the margin, or the one
    that it names (`Name the function `f`.`)."""
    found = _OPENED.findall(question) or _NAMED.findall(question)
    return found[-1] if found else None


def block_that_defines(text: str, name: str) -> str | None:
    """The last complete fence in a reply that defines a name."""
    definition = _definition(name)
    return next((block for block in reversed(_blocks(text)) if definition.search(block)), None)


def header_of(prompt: str, entry_point: str | None) -> str:
    """What a prompt that is a program holds before the entry point: imports and given functions."""
    name = _bare(entry_point)
    found = _definition(name).search(prompt) if name else None
    if found is None or not _is_code(prompt[: found.start()]):
        return ""
    return prompt[: found.start()].rstrip() + "\n\n"


def entry_point_of(tests: Iterable[str]) -> str | None:
    """The function that tests are about: the name that most of them call, builtins last."""
    calls = Counter(
        name
        for test in tests
        for name in dict.fromkeys(_CALLED.findall(test))
        if name not in _NOT_UNDER_TEST
    )
    own = [name for name in calls if not hasattr(builtins, name)] or list(calls)
    return max(own, key=lambda name: calls[name], default=None)


def examples_in(prompt: str) -> list[str]:
    """The examples that a prompt's docstrings show (`>>> f(2)`), each as a test.

    What an example only prepares (`>>> x = 3`) comes before the later ones of its docstring.
    """
    tests: list[str] = []
    texts = [found[2] for found in _DOCSTRING.finditer(prompt)] or [prompt]
    for text in texts:
        before = ""
        for example in _examples(textwrap.dedent(text)):
            if example.want:
                tests.append(
                    f"{before}__example__({example.source!r}, {example.want!r}, globals())"
                )
            else:
                before += example.source
    return tests


def _examples(text: str) -> Sequence[doctest.Example]:
    try:
        return doctest.DocTestParser().get_examples(text)
    except ValueError:
        return ()


def _blocks(text: str) -> list[str]:
    """The fences that hold Python; of a page of Markdown that is fenced as a whole, its own."""
    fences = [(found[2].strip().casefold(), found[3]) for found in _FENCE.finditer(text)]
    blocks = [block for language, block in fences if language in _LANGUAGES]
    return blocks or [
        found[3]
        for language, page in fences
        if language in ("markdown", "md")
        for found in _FENCE.finditer(page)
        if found[2].strip().casefold() in _LANGUAGES
    ]


def _open_block(text: str) -> list[str]:
    """What stands in a last fence of Python that is not closed; nothing where there is none."""
    ends = [found.end() for found in _FENCE.finditer(text)]
    found = _OPENING.search(text, ends[-1] if ends else 0)
    return [found[2]] if found and found[1].strip().casefold() in _LANGUAGES else []


def _helpers(program: str, earlier: Sequence[str]) -> str:
    """The earlier fences that define a name which the program uses and does not define."""
    used, helpers = set(_WORD.findall(program)), ""
    for block in earlier:
        names = {name for name in _DEFINED.findall(block) if not _definition(name).search(program)}
        if names & used:
            helpers += block.rstrip() + "\n\n"
    return helpers


def _fenced(prompt: str) -> bool:
    return bool(_FENCE.search(prompt))


def _flush(block: str) -> str:
    """A block at the margin, where it stands inside a list, as a whole moved to the right: its
    first line is then a definition or an import."""
    moved = re.match(r"[ \t]+(?:def|class|import|from|@|async def)\b", block.lstrip("\n"))
    return textwrap.dedent(block) if moved else block


def _definition(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^(?:(?:async[ \t]+)?def[ \t]+{name}[ \t]*[(\[]|class[ \t]+{name}\b|{name}[ \t]*=[^=])",
        re.MULTILINE,
    )


def _bare(entry_point: str | None) -> str | None:
    """`Solution` of `Solution().solve`."""
    found = re.match(r"[A-Za-z_]\w*", entry_point or "")
    return found[0] if found else None


def _is_code(text: str) -> bool:
    """Whether every line at the margin starts as a line of Python does."""
    starts = re.compile(
        r"(?:from|import|def|class|async|@|#|if|else|try|except|for|while|with|\)|\]|\}|\"\"\"|'''|"
        r"[A-Za-z_]\w*[ \t]*(?:=|:|\())"
    )
    lines = (line for line in _DOCSTRING.sub('""""""', text).splitlines() if line.strip())
    return all(line[0] in " \t" or starts.match(line) for line in lines)


def _as_body(piece: str) -> str:
    """Lines that go on inside a function: moved in, where they stand at the margin."""
    lines = piece.strip("\n").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first[:1] in (" ", "\t"):
        return "\n".join(lines) + "\n"
    moved = [first and f"    {lines[0]}", *lines[1:]]
    if all(not line or line[0] in " \t" for line in lines[1:]):
        return "\n".join(moved) + "\n"  # only the first line had lost its place
    return textwrap.indent("\n".join(lines), "    ") + "\n"
