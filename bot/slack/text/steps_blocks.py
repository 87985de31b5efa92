"""Builds what shows the steps of an answer while it is made: a plan block, or one small grey line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.slack.text.block import Block
from bot.slack.text.blocks import note
from bot.slack.text.escaping import ELLIPSIS, one_line, shorten
from bot.slack.text.limits import TASK_TITLE
from bot.slack.text.neutralise import code

TaskStatus: TypeAlias = Literal["pending", "in_progress", "complete", "error"]

_JOINER = "\u2060"
# Where a title could become a mention, a channel's name or an address: titles are plain text by the documentation, but
# it does not say that no client looks for these in them.
_LIVE = re.compile(r"(?<=[@#<])(?=\S)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=mailto)(?=:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """One step as Slack's blocks and streams have it. `id` is the same in each state of the step."""

    id: str
    title: str
    status: TaskStatus


def inert(label: str) -> str:
    """A hostile label as one line in which nothing pings, links or is previewed, whoever reads it; never empty."""
    return _LIVE.sub(_JOINER, code(one_line(label))) or ELLIPSIS


def task(number: int, title: str, status: TaskStatus) -> Task:
    """The step of that number in its answer; its title is made inert and short."""
    return Task(f"step-{number}", shorten(inert(title), TASK_TITLE), status)


def is_plan(block: Block) -> bool:
    """Whether it is a block of `plan_block`."""
    return block.get("type") == "plan"


def plan_block(title: str, tasks: Sequence[Task]) -> Block:
    """The steps as a plan, one line each."""
    cards = [{"type": "task_card", "task_id": one.id, "title": one.title, "status": one.status} for one in tasks]
    return {"type": "plan", "title": title, "tasks": cards}


def plan_line(tasks: Sequence[Task]) -> Block:
    """The steps as one small grey line, for where Slack does not take a plan."""
    return note(_BETWEEN.join(one.title for one in tasks))


_BETWEEN: Final = " · "
