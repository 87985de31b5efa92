"""Asks for the flow: where Flowise is, its key, which flow, and whether that answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.doctor.findings import Finding, Verdict
from bot.errors import BotError, FlowiseError, advice
from bot.serving.logs import printable
from bot.setup import flow
from bot.setup.console import Console, GoBack, Unanswered
from bot.setup.given import Answers, Flags, setting

_WHERE = (
    "Open the flow in Flowise, and paste its address from the browser; or Flowise's own, such as http://localhost:3000"
)
_KEY = "FLOWISE_API_KEY: the key that is bound to the flow, or one that may view flows, to choose among them"
_WHICH = "Its id: the last part of the flow's address in the browser"


@dataclass(slots=True)
class FlowSteps:
    """The steps about Flowise, in the order in which they are asked."""

    console: Console
    flags: Flags
    answers: Answers
    is_named: bool = False
    """Whether the address that was given names the flow, so that none has to be chosen."""

    def address(self) -> None:
        """Ask where Flowise is, until one answers there; an address of a flow names the flow too."""
        default = self.flags.flowise_url or self.answers.value("FLOWISE_URL")
        while True:
            typed = self.console.line(_WHERE, address, default=default, flag="--flowise-url or FLOWISE_URL")
            url, flow_id = flow.pasted(typed)
            self.answers.values["FLOWISE_URL"] = url
            self.is_named = bool(flow_id)
            if flow_id:
                self.answers.values["FLOWISE_CHATFLOW_ID"] = flow_id
            try:
                asyncio.run(flow.reached(self.answers.network, self.answers.server))
            except FlowiseError as error:
                self._failed(error)
                continue
            self.console.say(f"  Flowise answers at {url}.")
            return

    def key(self) -> None:
        """Ask for the API key, which may be none."""
        kept = self.answers.value("FLOWISE_API_KEY")
        typed = self.console.secret(_KEY, setting("FLOWISE_API_KEY"), kept=kept, optional=True, flag="FLOWISE_API_KEY")
        self.answers.values["FLOWISE_API_KEY"] = typed

    def which(self) -> None:
        """Have the flow chosen from a list where the key may view them; else ask for its id where it is not known."""
        if self.flags.chatflow_id:
            self.answers.values["FLOWISE_CHATFLOW_ID"] = setting("FLOWISE_CHATFLOW_ID")(self.flags.chatflow_id)
        if self.flags.chatflow_id or self.is_named:
            return
        kept = self.answers.value("FLOWISE_CHATFLOW_ID")
        if flows := self._listed():
            ids = [each.id for each in flows]
            names = [f"{printable(each.name)}{' (agent flow)' if each.is_agentflow else ''}" for each in flows]
            default = ids.index(kept) if kept in ids else 0
            self.answers.values["FLOWISE_CHATFLOW_ID"] = ids[self.console.choose("Which flow?", names, default=default)]
        else:
            check = setting("FLOWISE_CHATFLOW_ID")
            typed = self.console.line(_WHICH, check, default=kept, flag="--chatflow or FLOWISE_CHATFLOW_ID")
            self.answers.values["FLOWISE_CHATFLOW_ID"] = typed

    def answers_now(self) -> None:
        """Ask the flow a question, if that is wanted, and show what it says."""
        wanted = "Ask the flow a question now, to see that it answers? That is one prediction"
        if not self.flags.asks or not self.console.confirm(wanted):
            return
        while True:
            chatflow = self.answers.value("FLOWISE_CHATFLOW_ID")
            came = asyncio.run(flow.answered(self.answers.network, self.answers.server, chatflow))
            if came.state is not Verdict.WRONG:
                self.console.say(f"  {'The flow answers' if came.state is Verdict.WELL else 'The flow'}: {_told(came)}")
                return
            if self.flags.unattended:
                raise Unanswered(_told(came))
            self.console.say(f"  {_told(came)}")
            then = ["Ask again", "Go back, to another address, key or flow", "Go on without an answer"]
            chosen = self.console.choose("What now?", then, default=1)
            if chosen == 1:
                raise GoBack
            if chosen == 2:
                return

    def _listed(self) -> list[flow.ListedFlow] | None:
        try:
            return asyncio.run(flow.listed(self.answers.network, self.answers.server))
        except FlowiseError as error:
            self.console.say(f"  The flows cannot be listed: {printable(str(error))}.")
            return None

    def _failed(self, error: BotError) -> None:
        """Tell what is wrong and what to do. Raises Unanswered where nobody can do it now."""
        told = f"{printable(str(error))}. {advice(type(error))}"
        if self.flags.unattended:
            raise Unanswered(told)
        self.console.say(f"  {told}")


def _told(finding: Finding) -> str:
    return printable(" ".join(filter(None, (f"{finding.found}.", finding.do))))


def address(value: str) -> str:
    """An address that may be Flowise's, or that of one of its pages. Raises ValueError: it cannot be."""
    if not value:
        raise ValueError("expected an address, such as http://localhost:3000")
    setting("FLOWISE_URL")(flow.pasted(value)[0])
    return value
