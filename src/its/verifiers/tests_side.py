"""The process that holds the tests: it runs them against stand-ins for the names of a program.

The program itself runs elsewhere. A stand-in sends arguments as plain data and gives back what
returns, so an assertion compares plain values with plain values. A process for each test.
"""

from __future__ import annotations

import builtins
import importlib
import os
import select
import signal
import sys
from contextlib import suppress
from typing import Any

from its.verifiers.channel import Channel, Closed, limit
from its.verifiers.plain_data import NotPlain, decode, encode

_GONE = "the program ended itself"
_TEST = "<test>"


def main() -> None:
    channel = Channel()
    _, start = channel.receive()
    limit(start["limits"])
    for test in start["tests"]:
        channel.send(b"T", None)
        _, loaded = channel.receive()
        if "raised" in loaded:
            passed, reason, ended = False, _raised(loaded["raised"]), True
        else:
            passed, reason, ended = _in_a_process(channel, test, start)
        channel.send(b"V", {"passed": passed, "reason": reason, "ended": ended})
        if not ended:
            return


def _in_a_process(channel: Channel, test: str, start: dict[str, Any]) -> tuple[bool, str, bool]:
    """Whether a test was passed, why not, and whether it came to its end: one that was stopped may
    leave half a message behind, so that this process hears no other test."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)
        said = b"passed"
        try:
            _Trial(channel, start["entry_point"]).run(start["setup"], test)
        except Closed as closed:
            said = (str(closed) or _GONE).encode("utf-8", "replace")
        except BaseException as fault:
            name = getattr(fault, "called", type(fault).__name__)
            said = f"{name}: {str(fault)[:200]}{_place(fault, test)}".encode("utf-8", "replace")
        os.write(writer, said)
        os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], start["seconds"])
    word = os.read(reader, 1000) if ready else b""
    said = word or (b"the test ended itself" if ready else b"it took too long")
    os.close(reader)
    for target in (-pid, pid):
        with suppress(OSError):
            os.kill(target, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        said = b"it took too long"
    return said == b"passed", " ".join(said.decode("utf-8", "replace").split()), bool(word)


def _place(fault: BaseException, test: str) -> str:
    """The line of a test of several lines that failed."""
    lines, number = test.strip("\n").split("\n"), 0
    lines = test.split("\n") if len(lines) > 1 else []
    trace = fault.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _TEST:
            number = trace.tb_lineno
        trace = trace.tb_next
    return f" in {lines[number - 1].strip()[:160]}" if 0 < number <= len(lines) else ""


class _Trial:
    """One test against one fresh process of the program."""

    def __init__(self, channel: Channel, entry_point: str | None) -> None:
        self._channel = channel
        self._entry_point = entry_point
        self._functions: list[Any] = []
        self._classes: dict[str, type[Exception]] = {}
        self._gone = ""

    def run(self, setup: str, test: str) -> None:
        codes = [compile(text, name, "exec") for text, name in ((setup, "setup"), (test, _TEST))]
        scope: dict[str, Any] = {"__name__": "__test__", "__example__": _example}
        wanted = {name for code in codes for name in _names(code)}
        scope |= self._stand_ins(wanted)
        for code in codes:
            exec(code, scope)
        if self._gone:
            raise Closed(self._gone)

    def _stand_ins(self, wanted: set[str]) -> dict[str, Any]:
        """What the program calls by these names. A builtin stays one, unless it is under test."""
        entry = (self._entry_point or "").split(".")[0].removesuffix("()")
        own = {name for name in wanted if not hasattr(builtins, name)} - {"__example__"}
        if entry:
            own.add(entry)
        elif not own:
            own = wanted
        found = self._ask({"do": "names", "names": sorted(own)})["names"]
        return {name: self._stand_in(name, what) for name, what in found.items() if name in own}

    def _stand_in(self, name: str, what: dict[str, Any]) -> Any:
        if name in sys.stdlib_module_names and name != self._entry_point:
            return importlib.import_module(name)
        if "module" in what:
            if what["module"].partition(".")[0] not in sys.stdlib_module_names:
                raise NotPlain(f"the module {what['module'][:60]}")
            return importlib.import_module(what["module"])
        if "exception" in what:
            return self._class_of(what["exception"])
        return decode(what["value"], self._received)

    # --- asking the program ---------------------------------------------------------------------

    def do(self, what: str, on: Any, *args: Any, **named: Any) -> Any:
        reply = self._ask(
            {
                "do": what,
                "on": on,
                "args": [encode(item, self._keep) for item in args],
                "named": {name: encode(item, self._keep) for name, item in named.items()},
            }
        )
        for place, content in reply.get("changed", {}).items():
            _replace(args[int(place)], decode(content, self._received))
        if isinstance(printed := reply.get("printed"), str):
            sys.stdout.write(printed)
        if "raised" in reply:
            *names, message = reply["raised"]
            raise self._class_of(names)(str(message))
        return decode(reply["value"], self._received)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._gone:
            raise Closed(self._gone)
        self._channel.send(b"Q", request)
        while True:
            letter, reply = self._channel.receive()
            if letter == b"G":
                self._gone = str(reply)
                raise Closed(self._gone)
            if letter == b"R" and isinstance(reply, dict):
                return reply
            self._channel.send(b"Q", self._called_back(reply))

    def _called_back(self, request: Any) -> dict[str, Any]:
        try:
            function = self._functions[request["function"]]
            args = [decode(item, self._received) for item in request["args"]]
            return {"value": encode(function(*args), self._keep)}
        except Exception as fault:
            return {"raised": f"{type(fault).__name__}: {str(fault)[:200]}"}

    def _keep(self, value: Any) -> dict[str, int]:
        if isinstance(value, _StandIn):
            return {"kept": object.__getattribute__(value, "_mark")["kept"]}
        if callable(value) and not isinstance(value, type):
            self._functions.append(value)
            return {"function": len(self._functions) - 1}
        raise NotPlain(f"a value of the type {type(value).__name__}, which is no plain data")

    def _received(self, mark: dict[str, int]) -> Any:
        if "function" in mark:
            return self._functions[mark["function"]]
        return _StandIn(self, mark)

    def _class_of(self, names: list[str]) -> type[Exception]:
        """The built-in exception of that name; one of its own kind for a program's own."""
        for name in names:
            found = getattr(builtins, str(name), None)
            if isinstance(found, type) and issubclass(found, Exception):
                if issubclass(found, (StopIteration, StopAsyncIteration)):
                    found = RuntimeError  # it would end a loop of the tests as if all were well
                if name == names[0]:
                    return found
                break
        else:
            found = Exception
        called = str(names[0])[:60] if names else "Exception"
        return self._classes.setdefault(called, type("Raised", (found,), {"called": called}))


class _StandIn:
    """Something of the program that is no plain data. It equals itself alone."""

    __slots__ = ("_mark", "_trial")

    def __init__(self, trial: _Trial, mark: dict[str, int]) -> None:
        object.__setattr__(self, "_trial", trial)
        object.__setattr__(self, "_mark", {"kept": int(mark["kept"])})

    def _do(self, what: str, *args: Any, **named: Any) -> Any:
        trial = object.__getattribute__(self, "_trial")
        return trial.do(what, object.__getattribute__(self, "_mark"), *args, **named)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._do("call", *args, **named)

    def __getattr__(self, name: str) -> Any:
        return self._do("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._do("set", name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._do("item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._do("put", key, value)

    def __len__(self) -> int:
        return int(self._do("len"))

    def __iter__(self) -> Any:
        return iter(self._do("list"))

    def __contains__(self, item: Any) -> bool:
        return any(item is other or item == other for other in self)

    def __bool__(self) -> bool:
        return self._do("bool") is True

    def __str__(self) -> str:
        return str(self._do("str"))

    def __repr__(self) -> str:
        return str(self._do("repr"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _StandIn) and _number(self) == _number(other)

    def __hash__(self) -> int:
        return hash(_number(self))


def _example(source: str, wanted: str, scope: dict[str, Any]) -> None:
    """Check an example as a documentation shows it: what is typed, and what then appears."""
    import doctest
    import io

    kept, sys.stdout = sys.stdout, io.StringIO()
    try:
        exec(compile(source, "example", "single"), scope)
        shown = sys.stdout.getvalue()
    except Exception as fault:
        shown = getattr(fault, "called", type(fault).__name__)
        last = wanted.strip().splitlines()[-1:] or [""]
        if last[0].partition(":")[0].strip() != shown:
            raise AssertionError(f"raised {shown}: {str(fault)[:80]}") from None
        return
    finally:
        sys.stdout = kept
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    right = doctest.OutputChecker().check_output(wanted, shown, options)
    assert right or _literal(wanted) == _literal(shown), f"gave {shown[:80]}"


def _literal(text: str) -> Any:
    """The value that a text writes, however its quotes and spaces are set; else the text."""
    import ast

    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _number(stand_in: _StandIn) -> int:
    return int(object.__getattribute__(stand_in, "_mark")["kept"])


def _names(code: Any) -> set[str]:
    """Every name that a piece of code looks up, in its functions and its examples too."""
    inner = [const for const in code.co_consts if hasattr(const, "co_names")]
    if "__example__" in code.co_names:
        inner += [compile(text, "", "exec") for text in code.co_consts[:1] if isinstance(text, str)]
    return set(code.co_names).union(*map(_names, inner))


def _replace(old: Any, new: Any) -> None:
    """Let an argument that the program changed in place be changed here as well."""
    if type(old) is not type(new):
        return
    if isinstance(old, (list, bytearray)):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)
    elif hasattr(old, "extend"):
        old.clear()
        old.extend(new)


def _raised(raised: list[str]) -> str:
    return f"{raised[0]}: {raised[-1]}" if raised else "it failed"
