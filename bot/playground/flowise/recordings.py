"""Reads a recorded prediction: one JSON line each for the head, the frames with their times, the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bot.playground.flowise.plans import Ending, Plan, PlanStep
from bot.playground.flowise.wire import WireReply

# How the recorder named the end of a connection. One that the recorder ended itself is broken off there.
_ENDINGS = {
    "by server": Ending.CLOSED,
    "curl: time-out": Ending.OPEN,
    "curl: partial body": Ending.CUT,
    "killed by recorder": Ending.CUT,
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded answer as a plan, and whether a flow that answers so can stream."""

    plan: Plan
    streamable: bool


def load(path: Path, *, speed: float) -> Recording:
    """Read a recording (.jsonl). `speed` 0 plays it without waits, 1 as it was, 2 twice as fast.

    Raises:
        ValueError: a line is not JSON, or the recording has no end.
    """
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    ending = next((_ENDINGS[line["closed"]] for line in lines if "closed" in line), None)
    if ending is None:
        raise ValueError(f"{path.name} does not say how the connection ended")
    head = next((line for line in lines if "head" in line), None)
    if head is None:
        # No byte ever came. Such a flow must be asked for a stream to be seen hanging, so it says that it can.
        return Recording(Plan(silent=True), streamable=True)
    status, headers = _head(head["head"])
    streams = headers.get("Content-Type", "").startswith("text/event-stream")
    wait = _seconds(head["t_ms"], speed)
    if not streams:
        body = "".join(line["tail"] for line in lines if "tail" in line).encode()
        reply = WireReply(status, body, headers)
        is_json = headers.get("Content-Type", "").startswith("application/json")
        return Recording(Plan(reply=reply, forced=True, head_wait=wait), streamable=not is_json)
    steps, before = [], head["t_ms"]
    for line in lines:
        if data := line.get("frame") or line.get("tail"):
            steps.append(PlanStep(_seconds(line["t_ms"] - before, speed), data.encode()))
            before = line["t_ms"]
    plan = Plan(tuple(steps), ending=ending, head_wait=wait, headers=headers, heartbeats=False, forced=True)
    return Recording(plan, streamable=True)


def _head(text: str) -> tuple[int, dict[str, str]]:
    """Status and headers; how the body is framed is for the server that sends it again to say."""
    first, *lines = text.strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    for name in ("Transfer-Encoding", "Content-Length"):
        headers.pop(name, None)
    return int(first.split(" ", 2)[1]), headers


def _seconds(milliseconds: float, speed: float) -> float:
    return milliseconds / 1000 / speed if speed else 0.0
