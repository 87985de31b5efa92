"""Chooses the flow that a question is asked of, by the routes: a function of where and how it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.config.effective import Effective, EffectiveRoute

# `with it: question`, where the name is one of a flow. What follows is the question, over several lines too.
_CHOICE = re.compile(r"\s*with\s+([^\s:]{1,40})\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_FIRST_WORD = re.compile(r"[\s\"'“(*_~`]*([^\s:,]+)")
_AFTER_WORD = ".!?;)\"'”*_~`"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and where it is asked. `text` is plain and without the mention of the bot; `command` is the slash
    command, empty where it is a message. `preferred` is the flow that whoever asks has chosen for their direct
    messages, empty for none."""

    channel: str
    text: str
    command: str = ""
    is_direct: bool = False
    preferred: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The flow that is asked, and the question without the words that named it.

    `among` are the flows that the question could have reached from there by its words. `flow` is None where no route
    leads anywhere; or `refused`, which is a flow, was named where no route leads to it.
    """

    flow: str | None
    text: str
    among: tuple[str, ...]
    refused: str = ""

    @property
    def is_named(self) -> bool:
        """Whether people should read which flow has answered."""
        return len(self.among) > 1


def choose(effective: Effective, asked: Asked) -> Chosen:
    """Choose the flow of a question: the one that it names, or else that of the first route that fits."""
    among = reachable(effective, asked)
    name, text = named(effective, asked.text)
    if name:
        return Chosen(name, text, among) if name in among else Chosen(None, text, among, refused=name)
    route = next((route for route in _routes_from(effective, asked) if _has_keyword(route, asked.text)), None)
    is_said = route is not None and not (route.keywords is None and route.commands is None)
    if not is_said and asked.preferred in choosable(effective, asked):
        return Chosen(asked.preferred, asked.text, among)
    return Chosen(route.flow if route is not None else effective.default, asked.text, among)


def choosable(effective: Effective, asked: Asked) -> tuple[str, ...]:
    """The flows that a person may choose for their direct message: those that routes lead to from there, whatever the
    words and the command, in the order of the routes, and the default; none elsewhere."""
    if not asked.is_direct:
        return ()
    flows = dict.fromkeys(route.flow for route in effective.routes if _is_at(route, asked))
    return tuple(flows if effective.default is None else flows | {effective.default: None})


def named(effective: Effective, text: str) -> tuple[str, str]:
    """The flow that a question names in its first words, `with it: …`, and what follows them; empty, and all of the
    question, where it names none."""
    found = _CHOICE.fullmatch(text)
    if found is None or (name := found[1].casefold()) not in effective.flows:
        return "", text
    return name, found[2]


def reachable(effective: Effective, asked: Asked) -> tuple[str, ...]:
    """The flows that questions reach from there, depending on their words. The text of `asked` is of no matter."""
    flows: dict[str, None] = {}
    for route in _routes_from(effective, asked):
        flows[route.flow] = None
        if route.keywords is None:
            return tuple(flows)
    if effective.default is not None:
        flows[effective.default] = None
    return tuple(flows)


def follow_ups(effective: Effective, asked: Asked, flow: str) -> Literal["all", "mentions"]:
    """Which messages are questions in a thread of that flow that stands there: the first route from there to the flow
    that says so, or else the setting. With which word or command the thread began is of no matter."""
    routes = (route for route in effective.routes if route.flow == flow and _is_at(route, asked))
    return next((route.follow_ups for route in routes if route.follow_ups is not None), effective.follow_ups)


def _routes_from(effective: Effective, asked: Asked) -> Iterator[EffectiveRoute]:
    """The routes whose conditions hold, but for the words of the question."""
    for route in effective.routes:
        if _is_at(route, asked) and (route.commands is None or asked.command in route.commands):
            yield route


def _is_at(route: EffectiveRoute, asked: Asked) -> bool:
    """Whether the conditions of a route on the place hold."""
    if route.channels is not None and asked.channel not in route.channels:
        return False
    return route.direct_messages is None or route.direct_messages == asked.is_direct


def _has_keyword(route: EffectiveRoute, text: str) -> bool:
    if route.keywords is None:
        return True
    found = _FIRST_WORD.match(text)
    return found is not None and found[1].rstrip(_AFTER_WORD).casefold() in route.keywords
