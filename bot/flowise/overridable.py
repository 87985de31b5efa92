"""Reads which of a flow's own values a request may override, from the flow as Flowise tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.flowise.json_text import read_json
from bot.flowise.refusals import HttpReply


@dataclass(frozen=True, slots=True)
class Overridable:
    """The names of the `variables` that a request may set, and whether it may set what the state begins with, which
    agent flows alone have."""

    variables: frozenset[str] = frozenset()
    state: bool = False
    is_agentflow: bool = False


def overridable(reply: HttpReply | None) -> Overridable | None:
    """What may be overridden, from the response to `chatflows` or `public-chatflows`; None where it does not tell."""
    flow = reply.json() if reply is not None and reply.status == 200 and reply.whole else None
    if not isinstance(flow, dict) or "apiConfig" not in flow:
        return None
    is_agentflow = flow.get("type") == "AGENTFLOW"
    override = _api_config(flow["apiConfig"]).get("overrideConfig")
    if not isinstance(override, Mapping) or override.get("status") is not True:
        return Overridable(is_agentflow=is_agentflow)
    nodes = override.get("nodes")
    inputs = [name for listed in (nodes.values() if isinstance(nodes, Mapping) else ()) for name in _enabled(listed)]
    return Overridable(frozenset(_enabled(override.get("variables"))), "startState" in inputs, is_agentflow)


def _api_config(value: object) -> Mapping[str, object]:
    """It stands in the flow as JSON text."""
    try:
        found = read_json(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _enabled(listed: object) -> Iterator[str]:
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping) and each.get("enabled") is True:
            yield str(each.get("name"))
