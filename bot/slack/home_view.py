"""Lays out the Home tab from values: what everybody can ask, their own settings, and what admins see and set.

Titles, descriptions and prompts are hostile: they stand in plain text, in which nothing has an effect. Slack's limits
are those of its documents: 100 blocks in a view, 3,000 characters of a section's text, 100 options of 75 characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.slack import wording_of_home as wording
from bot.slack.home_admin import AdminHome, admin_blocks
from bot.slack.home_blocks import header, lines, section, select
from bot.slack.text.answer_blocks import suggestion_buttons
from bot.slack.text.block import Block
from bot.slack.text.blocks import note, sentence_blocks
from bot.slack.text.limits import VIEW_BLOCKS

OWN_FLOW: Final = "home_own_flow"
"""The name of the action with which somebody chooses who answers their direct messages."""

ANY: Final = "-"
"""The value of the option that chooses none; no flow has this name."""

_MOST_FLOWS = 15


@dataclass(frozen=True, slots=True)
class AskableFlow:
    """A flow that a person may ask. `value` is what a press on one of its `prompts` sends."""

    name: str
    title: str
    description: str = ""
    prompts: tuple[str, ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class HomeContent:
    """What one person sees.

    `channel` is their direct message, which comes back with each press; `told` a sentence about what they have just
    done, empty for none; `chosen` the flow of their own setting, empty for none. `shows_flows`: flows have names that
    mean something to people.
    """

    channel: str
    usage: str
    flows: tuple[AskableFlow, ...] = ()
    shows_flows: bool = False
    chosen: str = ""
    told: str = ""
    admin: AdminHome | None = None


def home_view(content: HomeContent) -> dict[str, Any]:
    """The view for views.publish."""
    blocks = [*_told(content.told), *sentence_blocks(content.usage), *_askable(content), *_own(content)]
    if content.admin is not None:
        room = VIEW_BLOCKS - len(blocks) - 1
        blocks += [{"type": "divider"}, *admin_blocks(content.admin)[:room]]
    return {"type": "home", "private_metadata": content.channel, "blocks": blocks}


def _told(sentence: str) -> Iterable[Block]:
    return (*sentence_blocks(sentence), {"type": "divider"}) if sentence else ()


def _askable(content: HomeContent) -> Iterable[Block]:
    offers = [flow for flow in content.flows if flow.prompts]
    if not (content.shows_flows or offers):
        return
    yield header(wording.ASKABLE)
    if not content.flows:
        yield section(wording.NOTHING_HERE)
        return
    for number, flow in enumerate(content.flows[:_MOST_FLOWS]):
        if content.shows_flows:
            yield from lines([flow.title, flow.description])
        if flow.prompts:
            yield {**suggestion_buttons(flow.prompts, flow.value), "block_id": f"home_prompts_{number}"}
    if len(content.flows) > _MOST_FLOWS:
        yield note(wording.and_more(len(content.flows) - _MOST_FLOWS))


def _own(content: HomeContent) -> Sequence[Block]:
    if not content.shows_flows or len(content.flows) < 2:  # there is nothing to choose
        return ()
    options = [(ANY, wording.OWN_FLOW_ANY), *((flow.name, flow.title) for flow in content.flows)]
    return header(wording.OWN), select(OWN_FLOW, wording.OWN_FLOW, options, content.chosen or ANY)
