"""Checks whether the flow takes what the settings have it told of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from bot.doctor.findings import About, Finding
from bot.flowise.overridable import Overridable

_WHERE = "In Flowise, open the flow, Settings, Configuration, Security, Override Configuration"
_LOOK = f"{_WHERE}: look whether it is enabled. With a FLOWISE_API_KEY that may view the flow, this check can look."


@dataclass(frozen=True, slots=True)
class AskerTold:
    """What the settings have the flow told: the names that FLOWISE_VARS, FLOWISE_STATE and BOT_INTRODUCE list."""

    variables: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    introduced: tuple[str, ...] = ()


NOTHING_TOLD = AskerTold()


def asker(about: About, told: AskerTold, flow: Overridable | None) -> list[Finding]:
    """The findings about the settings that are set, one each; `flow` is None where nothing tells what it takes."""
    return [
        *([_variables(about, told.variables, flow)] if told.variables else []),
        *([_state(about, told.state, flow)] if told.state else []),
        *([_introduced(about, told.introduced)] if told.introduced else []),
    ]


def _variables(about: About, names: tuple[str, ...], flow: Overridable | None) -> Finding:
    if flow is None:
        return about.unknown("FLOWISE_VARS", f"whether the flow takes {', '.join(names)}", _LOOK)
    refused = [name for name in names if name not in flow.variables]
    if not refused:
        return about.well("FLOWISE_VARS", f"the flow's JavaScript gets {', '.join(names)} as $vars; its prompts do not")
    do = f"{_WHERE}: enable it, and there each of these variables, which Flowise must know (Variables)."
    return about.warning("FLOWISE_VARS", f"the flow does not take {', '.join(refused)}", do)


def _state(about: About, names: tuple[str, ...], flow: Overridable | None) -> Finding:
    if flow is None:
        return about.unknown("FLOWISE_STATE", f"whether the flow takes {', '.join(names)}", _LOOK)
    if not flow.is_agentflow:
        do = "Take FLOWISE_VARS or BOT_INTRODUCE."
        return about.warning("FLOWISE_STATE", "the flow is no agent flow, so it has no state", do)
    if not flow.state:
        do = f"{_WHERE}: enable it, and there the Flow State of the node Start."
        return about.warning("FLOWISE_STATE", "the flow does not take its state from requests", do)
    return about.well("FLOWISE_STATE", f"the flow's state begins with {', '.join(names)}")


def _introduced(about: About, parts: tuple[str, ...]) -> Finding:
    return about.well("BOT_INTRODUCE", f"{', '.join(parts)} before each question, which every flow takes")
