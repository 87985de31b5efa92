"""Decides which flow a question is asked of: that of its conversation, or by the routes where none is noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.config.effective import Effective, EffectiveFlow
from bot.config.routing import Asked, choose, named, reachable
from bot.conversation.question import Question
from bot.ports.flowise import Flowise
from bot.records.thread import NotedFlow, Thread
from bot.slack import wording_of_flows


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that can be asked. `reads_answers`: there is an API key, with which its stored answers can be read."""

    settings: EffectiveFlow
    flowise: Flowise
    reads_answers: bool

    @property
    def noted(self) -> NotedFlow:
        """As it is noted with a chat."""
        return NotedFlow(self.settings.name, self.settings.chatflow_id)


class Flows(Protocol):
    """The flows of the configuration that is in force."""

    @property
    def effective(self) -> Effective:
        """The configuration that is in force."""
        ...

    def named(self, name: str) -> Flow | None:
        """A flow by its name; another object once something of it has changed."""
        ...


@dataclass(frozen=True, slots=True)
class FlowChoice:
    """The flow of a question, and the question without the words that named it.

    `flow` is None where none is asked: `sentence` says why. `shown` is what people are told that has answered, empty
    where nothing else could have.
    """

    flow: str | None
    text: str
    shown: str = ""
    sentence: str = ""


def chosen(effective: Effective, noted: NotedFlow | None, asked: Asked, wanted: str = "") -> FlowChoice:
    """Choose the flow of a question. `noted` is that of its conversation, None where it has none yet; `wanted` is the
    one that was chosen before the question was asked, empty for none.

    A conversation keeps its flow, whatever the routes lead to.
    """
    if "" in effective.flows:  # there is no file
        return FlowChoice("", asked.text)
    kept = kept_flow(effective, noted) if noted is not None else None
    if kept is not None:
        return _in_conversation(effective, kept, asked)
    if noted is not None and noted.name:
        return FlowChoice(None, asked.text, sentence=wording_of_flows.GONE)
    if wanted in effective.flows:
        return FlowChoice(wanted, asked.text, shown(effective, wanted, asked))
    choice = choose(effective, asked)
    if choice.flow is None:
        refused = wording_of_flows.not_from_here(effective.flows[choice.refused].shown) if choice.refused else ""
        return FlowChoice(None, choice.text, sentence=refused or wording_of_flows.NONE_HERE)
    return FlowChoice(choice.flow, choice.text, shown(effective, choice.flow, asked))


def kept_flow(effective: Effective, noted: NotedFlow) -> str | None:
    """The name of a flow that was noted; None where it is gone. What was noted without a name, before there was a file,
    is known by its chatflow."""
    if noted.name in effective.flows:
        return noted.name
    if "" in effective.flows:
        return ""
    same = (flow.name for flow in effective.flows.values() if flow.chatflow_id == noted.chatflow_id)
    return None if noted.name else next(same, None)


def _in_conversation(effective: Effective, flow: str, asked: Asked) -> FlowChoice:
    name, text = named(effective, asked.text)
    if name and name != flow:
        other, ours = effective.flows[name].shown, effective.flows[flow].shown
        return FlowChoice(None, asked.text, sentence=wording_of_flows.of_another(other, ours))
    return FlowChoice(flow, text, shown(effective, flow, asked))


def shown(effective: Effective, flow: str, asked: Asked) -> str:
    """What people are told that has answered a question which is asked there, empty where nothing else could have."""
    return effective.flows[flow].shown if {flow, *reachable(effective, asked)} != {flow} else ""


def asked_there(question: Question) -> Asked:
    """A question, as the routes look at it."""
    return asked_at(question.thread, question.text, question.command)


def asked_at(thread: Thread, text: str, command: str) -> Asked:
    """What is asked in a thread, as the routes look at it."""
    return Asked(thread.channel, text, command, is_direct=thread.channel.startswith("D"))
