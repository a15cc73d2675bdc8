"""One question while it is being answered: its story as far as it has come, drawn again and again.

Off a terminal nothing is drawn: the whole story follows anyway.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING

from its.calls.account import Account
from its.views.explanation import explanation_lines
from its.views.messages import Messages
from its.views.stage_tree import Guides
from its.views.story import read_story

if TYPE_CHECKING:
    from rich.live import Live

REFRESH = 0.2


class LiveStory:
    """Follows the account of one problem."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._account: Account | None = None
        self._live: Live | None = None
        self._ticking: asyncio.Task[None] | None = None

    def follow(self, account: Account) -> None:
        self._account = account

    def __enter__(self) -> LiveStory:
        if self._messages.live:
            from rich.live import Live

            self._live = Live(console=self._messages.console, auto_refresh=False, transient=True)
            self._live.start()
            self._ticking = asyncio.get_running_loop().create_task(self._tick(self._live))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._live is not None:
            self._live.update("")
            self._live.stop()

    async def _tick(self, live: Live) -> None:
        from rich.console import Group

        console = self._messages.console
        while True:
            await asyncio.sleep(REFRESH)
            if self._account is not None:
                story = read_story(self._account.events)
                lines = list(explanation_lines(story, None, console.width, Guides()))
                live.update(Group(*lines[-(console.height - 1) :]), refresh=True)
