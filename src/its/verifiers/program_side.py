"""The process that holds a program and no test: it runs what it is asked, on plain data.

Whatever the program does to this process, it only changes what is answered; the answer is read as
plain data on the other side, and judged there.
"""

from __future__ import annotations

import builtins
import io
import sys
import types
from typing import Any

from its.verifiers.channel import Channel, Closed, limit
from its.verifiers.plain_data import NotPlain, decode, encode

MOST_PRINTED = 1 << 16


def main() -> None:
    channel = Channel()
    _, start = channel.receive()
    limit(start["limits"])
    for name in ("exit", "quit"):  # as an interpreter has them
        setattr(builtins, name, sys.exit)
    sys.path.extend(start["path"])
    side = _Side(channel)
    channel.send(b"R", side.load(start["program"]))
    while True:
        try:
            _, request = channel.receive()
            channel.send(b"R", side.answer(request))
        except Closed:
            return


class _Side:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._module = types.ModuleType("solution")
        self._kept: list[Any] = []
        sys.modules["solution"] = self._module

    def load(self, program: str) -> dict[str, Any]:
        def run() -> None:
            exec(compile(program, "program", "exec"), self._module.__dict__)

        return self._guarded(run)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "names":
            scope = self._module.__dict__
            return {
                "names": {name: self._described(scope[name])
                          for name in request["names"] if name in scope}
            }  # fmt: skip
        sent = request.get("args", [])
        args: list[Any] = []

        def run() -> Any:
            args.extend(decode(item, self._received) for item in sent)
            named = {k: decode(v, self._received) for k, v in request.get("named", {}).items()}
            return _DO[request["do"]](self._received(request["on"]), *args, **named)

        reply = self._guarded(run)
        changed = {}
        for place, (before, now) in enumerate(zip(sent, args, strict=False)):
            if isinstance(before, (list, dict)) and "kept" not in before:
                try:
                    after = encode(now, self._keep)
                except Exception:
                    continue
                if after != before and "iterator" not in before:
                    changed[str(place)] = after
        return reply | ({"changed": changed} if changed else {})

    def _guarded(self, run: Any) -> dict[str, Any]:
        """What a piece of the program gives, raises and prints."""
        printed = _Printed()
        sys.stdout = printed
        try:
            reply = {"value": encode(run(), self._keep)}
        except Closed:
            raise
        except NotPlain as fault:
            reply = {"raised": ["TypeError", f"it gave {fault}"]}
        except BaseException as fault:
            names = [base.__name__ for base in type(fault).__mro__]
            reply = {"raised": [*names[:8], _text(fault)]}
        if printed.getvalue():
            reply["printed"] = printed.getvalue()
        return reply

    def _described(self, value: Any) -> Any:
        if isinstance(value, types.ModuleType):
            return {"module": str(value.__name__)}
        if isinstance(value, type) and issubclass(value, BaseException):
            return {"exception": [base.__name__ for base in value.__mro__][:8]}
        try:
            return {"value": encode(value, self._keep)}
        except Exception:
            return {"value": self._keep(value)}

    def _keep(self, value: Any) -> dict[str, int]:
        for number, kept in enumerate(self._kept):
            if kept is value:
                return {"kept": number}
        self._kept.append(value)
        return {"kept": len(self._kept) - 1}

    def _received(self, mark: dict[str, int]) -> Any:
        if "kept" in mark:
            return self._kept[mark["kept"]]
        return _Function(self, mark["function"])

    def call_back(self, number: int, args: tuple[Any, ...]) -> Any:
        """Ask the tests' side to run one of its functions."""
        content = {"function": number, "args": [encode(item, self._keep) for item in args]}
        self._channel.send(b"C", content)
        _, reply = self._channel.receive()
        if "raised" in reply:
            raise RuntimeError(reply["raised"])
        return decode(reply["value"], self._received)


class _Function:
    """A function that the tests gave as an argument."""

    def __init__(self, side: _Side, number: int) -> None:
        self._side, self._number = side, number

    def __call__(self, *args: Any) -> Any:
        return self._side.call_back(self._number, args)


class _Printed(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() < MOST_PRINTED:
            super().write(text[:MOST_PRINTED])
        return len(text)


def _text(fault: BaseException) -> str:
    try:
        return str(fault)[:300]
    except BaseException:
        return ""


_DO: dict[str, Any] = {
    "call": lambda on, *args, **named: on(*args, **named),
    "get": getattr,
    "set": setattr,
    "item": lambda on, key: on[key],
    "put": lambda on, key, value: on.__setitem__(key, value),
    "len": len,
    "list": list,
    "bool": bool,
    "str": str,
    "repr": repr,
}
