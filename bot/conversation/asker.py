"""Looks up who asks a question, for the settings that have the flow told of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.conversation.question import AskerSettings, Question
from bot.flowise.prediction import Overrides
from bot.ports.slack import Slack
from bot.slack import wording_of_quotes
from bot.slack.asker import EMAIL, Asker
from bot.slack.people import Person

_OF_THE_PERSON = frozenset({"user_name", EMAIL, "locale"})


@dataclass(frozen=True, slots=True)
class AskerTold:
    """What one request tells of its asker: the line before the question, empty for none, and the overrides."""

    line: str = ""
    overrides: Overrides = field(default_factory=Overrides)


class Askers:
    """Reads from one workspace what the settings want told. Without them it reads nothing."""

    def __init__(self, slack: Slack, settings: AskerSettings) -> None:
        self._slack = slack
        self._settings = settings
        told = {*settings.variables, *settings.state}
        self._needs_person = bool(told & _OF_THE_PERSON or {"name", EMAIL} & {*settings.introduced})
        self._needs_channel = "channel_name" in told or "channel" in settings.introduced

    async def of(self, question: Question) -> AskerTold:
        """What is told of the person who asked a question; a decision is told with whoever asked before it."""
        wanted = self._settings
        if not (wanted.variables or wanted.state or wanted.introduced):
            return AskerTold()
        thread = question.thread
        is_public = self._needs_channel and not question.asker_is_external and not thread.channel.startswith("D")
        person, channel = await asyncio.gather(
            self._person(question), self._slack.channel_name(thread.channel) if is_public else asyncio.sleep(0, "")
        )
        asker = Asker(question.asker, thread.team, thread.channel, person, channel, question.asker_is_external)
        return AskerTold(
            wording_of_quotes.asked_by(*asker.introduction(wanted.introduced)),
            Overrides(asker.told(wanted.variables), asker.told(wanted.state)),
        )

    async def _person(self, question: Question) -> Person | None:
        needed = self._needs_person and not question.asker_is_external
        return await self._slack.person(question.asker) if needed else None
