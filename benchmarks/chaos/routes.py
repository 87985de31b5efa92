"""Draws the routes of a chaos run with several flows, and writes them into the file that every replica looks at."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.plan import Surface

ROUTED = ("handbook", "it", "law")
"""The flows that routes lead to."""
UNROUTED = "spare"
"""A flow that no route ever leads to."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Which flow is asked where: by the command and in direct messages, where these have a flow of their own (else
    None), in the channels that have one, and everywhere else."""

    default: str
    command: str | None
    direct: str | None
    channels: Mapping[str, str]

    def lead(self, channel: str, surface: Surface, *, is_command: bool) -> str:
        """The flow that a question begins with."""
        if is_command and self.command is not None:
            return self.command
        if surface is Surface.DIRECT:
            return self.direct or self.default
        return self.channels.get(channel, self.default)


def drawn(chance: random.Random, channels: Sequence[str]) -> Routes:
    """Draw routes; of three channels, two have a flow of their own."""
    return Routes(
        chance.choice(ROUTED),
        chance.choice((None, *ROUTED)),
        chance.choice((None, *ROUTED)),
        {channel: chance.choice(ROUTED) for channel in channels if chance.random() < 2 / 3},
    )


class RouteFile:
    """The configuration file. `chatflows` are the ids of all flows by their names; `versions` are what stood in it, and
    since when, by the steady clock."""

    def __init__(self, path: Path, chatflows: Mapping[str, str], command: str) -> None:
        self.path = path
        self.versions: list[tuple[float, Routes]] = []
        self._chatflows = chatflows
        self._command = command

    def write(self, routes: Routes, at: float) -> None:
        """Put these routes in the place of those before, at once: a replica may read the file as it starts."""
        new = self.path.with_suffix(".new")
        new.write_text("\n".join(self._lines(routes)))
        self.versions.append((at, routes))
        os.replace(new, self.path)

    def _lines(self, routes: Routes) -> Iterator[str]:
        yield f"default = {json.dumps(routes.default)}"
        for name, chatflow in self._chatflows.items():
            yield f"[flows.{name}]\nchatflow_id = {json.dumps(chatflow)}"
        if routes.command is not None:
            yield f"[[routes]]\nflow = {json.dumps(routes.command)}\ncommands = [{json.dumps(self._command)}]"
        for channel, flow in routes.channels.items():
            yield f"[[routes]]\nflow = {json.dumps(flow)}\nchannels = [{json.dumps(channel)}]"
        if routes.direct is not None:
            yield f"[[routes]]\nflow = {json.dumps(routes.direct)}\ndirect_messages = true"
