"""Keeps the views of a workspace: the modals that people have open, one on another, and their Home tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from bot.playground.slack.changes import HomeChanged, ViewsChanged, WorkspaceChange
from bot.playground.slack.elements import Block, named
from bot.playground.slack.rules import Refusal

MOST_OPEN = 3
"""Views one on another (Slack docs, views.push)."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as it stands now. `body` is as the app sent it and has been checked; `hash` is new with each change."""

    id: str
    user: str
    body: Mapping[str, object]
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def blocks(self) -> list[Block]:
        """Its blocks, each with its ids."""
        blocks = self.body["blocks"]
        return named(blocks) if isinstance(blocks, list | tuple) else []

    def has(self, key: str) -> bool:
        """Whether the app has set `clear_on_close` or `notify_on_close`."""
        return self.body.get(key) is True


class Views:
    """All views that people see. What a method is given has been checked."""

    def __init__(
        self, new_id: Callable[[str], str], wall: Callable[[], float], changed: Callable[[WorkspaceChange], None]
    ) -> None:
        self._new_id, self._wall, self._changed = new_id, wall, changed
        self.modals: dict[str, list[View]] = {}
        """Of each person: the first view they opened, and what was pushed on it."""
        self.homes: dict[str, View] = {}

    def find(self, view_id: str) -> View | None:
        return next((view for view in self._all() if view.id == view_id), None)

    def named(self, external_id: str) -> View | None:
        """The view that the app has given this name of its own."""
        return next((view for view in self._all() if view.body.get("external_id") == external_id), None)

    def _all(self) -> list[View]:
        return [*self.homes.values(), *(view for stack in self.modals.values() for view in stack)]

    def open(self, user: str, body: Mapping[str, object]) -> View:
        """Open a modal for a person, in the place of one that is open."""
        self.modals[user] = []
        return self.push(user, body)

    def push(self, user: str, body: Mapping[str, object]) -> View:
        """Put a modal on those that a person has open.

        Raises:
            Refusal: push_limit_reached.
        """
        stack = self.modals.setdefault(user, [])
        if len(stack) >= MOST_OPEN:
            raise Refusal("push_limit_reached")
        view_id = self._new_id("V")
        root, previous = (stack[0].id, stack[-1].id) if stack else (view_id, None)
        stack.append(View(view_id, user, body, self._hash(), root, previous))
        self._changed(ViewsChanged(user))
        return stack[-1]

    def publish(self, user: str, body: Mapping[str, object]) -> View:
        """Show a person a Home tab; it stays the same view through all changes."""
        old = self.homes.get(user)
        view_id = old.id if old is not None else self._new_id("V")
        self.homes[user] = View(view_id, user, body, self._hash(), view_id)
        self._changed(HomeChanged(user))
        return self.homes[user]

    def change(self, old: View, body: Mapping[str, object]) -> View:
        """Replace the content of a view that is open."""
        if old.id == old.root_id and self.homes.get(old.user) == old:
            return self.publish(old.user, body)
        new = replace(old, body=body, hash=self._hash())
        self.modals[old.user] = [new if view.id == old.id else view for view in self.modals[old.user]]
        self._changed(ViewsChanged(old.user))
        return new

    def close(self, view: View) -> list[View]:
        """Close a modal and those on top of it; returns them, the upper ones first."""
        stack = self.modals[view.user]
        at = next(index for index, open_one in enumerate(stack) if open_one.id == view.id)
        gone = stack[at:]
        self.modals[view.user] = stack[:at]
        self._changed(ViewsChanged(view.user))
        return gone[::-1]

    def _hash(self) -> str:
        return f"{int(self._wall())}.{uuid4().hex[:8]}"
