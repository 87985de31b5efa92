"""Tracks which edits of a message are under way: two at a time may land in either order."""

from __future__ import annotations

from collections import Counter

from bot.playground.slack.workspace import LocalWorkspace


class PendingEdit:
    """Notes two edits of one message that are under way at the same time: Slack may land them in either order."""

    def __init__(
        self, counts: Counter[tuple[str, str]], workspace: LocalWorkspace, method: str, place: tuple[str, str]
    ) -> None:
        self._counts, self._workspace, self._place = counts, workspace, place
        self._counted = method == "chat.update"

    def __enter__(self) -> None:
        if self._counted:
            self._counts[self._place] += 1
            if self._counts[self._place] > 1:
                self._workspace.blame(f"two chat.update in flight for {':'.join(self._place)}")

    def __exit__(self, *_: object) -> None:
        if self._counted:
            self._counts[self._place] -= 1
