"""Puts together what the questions of one flow meet in one workspace, and finds it for what was noted of a flow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.background.tasks import Share
from bot.config.effective import Effective
from bot.conversation.asker import Askers
from bot.conversation.chats import Chats
from bot.conversation.decisions import Decisions
from bot.conversation.file_room import FileRoom
from bot.conversation.flows import Flow, Flows, kept_flow
from bot.conversation.forms import Forms
from bot.conversation.offers import Offers
from bot.conversation.passages import Passages
from bot.conversation.prediction import Predictions
from bot.conversation.question import AskerSettings, ConversationSettings
from bot.conversation.question_files import QuestionFiles
from bot.conversation.ratings import Ratings
from bot.conversation.recovery import Recovery
from bot.conversation.runs import Runs
from bot.conversation.unseen import UnseenRuns
from bot.ports.slack import AttachedFiles, Slack
from bot.ports.store import Store
from bot.records.thread import NotedFlow


class SlackOfConversations(Slack, AttachedFiles, Protocol):
    """What conversations need of Slack."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the flows of one workspace share. `own_teams` are those whose files are read, as in `QuestionFiles`; `now`
    returns monotonic seconds, `wall` epoch seconds. Each replica has read a change of the configuration within
    `configured` seconds."""

    slack: SlackOfConversations
    store: Store
    settings: ConversationSettings
    room: FileRoom
    own_teams: frozenset[str]
    tasks: Share
    now: Callable[[], float]
    wall: Callable[[], float]
    configured: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WorkspaceFlow:
    """One flow in one workspace."""

    def __init__(self, flow: Flow, around: Around, chats: Chats) -> None:
        self.flow = flow
        settings, flowise, reads = flow.settings, flow.flowise, flow.reads_answers
        store, wall, sleep = around.store, around.wall, around.sleep
        self.forms = Forms(flowise)
        told = AskerSettings(settings.vars, settings.state, around.settings.introduced)
        self.askers = Askers(around.slack, told)
        self.files = QuestionFiles(
            flowise.files,
            around.slack,
            store,
            around.room,
            around.settings.file_limit,
            may_store=settings.files_to_store,
            own_teams=around.own_teams,
        )
        wait = settings.left_run_wait
        self.runs = Runs(flowise, store, wait=wait, reads_answers=reads, now=around.now, wall=wall, sleep=sleep)
        who = around.settings.who_decides
        self.decisions = Decisions(
            flowise, store, flow=settings.name, reads_answers=reads, who=who, wall=wall, sleep=sleep
        )
        self.ratings = Ratings(flowise, store, around.tasks, wall=wall, sleep=sleep)
        self.passages = Passages(flowise, store.passages, reads_answers=reads)
        self.offers = Offers(flowise, store, settings.name, settings.feedback, self.passages)
        unseen = UnseenRuns(self.runs, around.tasks, sleep)
        self.predictions = Predictions(
            flowise,
            self.runs,
            unseen,
            chats,
            self.decisions,
            self.offers,
            reads_answers=reads,
            sleep=sleep,
        )
        self.recovery = Recovery(self.runs, chats, self.decisions, self.offers, reads_answers=reads)


class WorkspaceFlows:
    """The flows of one workspace. Whoever works with one goes on with it as it was, while it changes for others."""

    def __init__(self, flows: Flows, around: Around, chats: Chats) -> None:
        self._flows = flows
        self._around = around
        self._chats = chats
        self._made: dict[str, WorkspaceFlow] = {}

    @property
    def effective(self) -> Effective:
        """The configuration that is in force."""
        return self._flows.effective

    def named(self, name: str) -> WorkspaceFlow | None:
        """A flow by its name; None where there is none of that name."""
        flow, made = self._flows.named(name), self._made.get(name)
        if flow is None:
            self._made.pop(name, None)
            return None
        if made is None or made.flow is not flow:
            made = self._made[name] = WorkspaceFlow(flow, self._around, self._chats)
        return made

    def noted(self, noted: NotedFlow) -> WorkspaceFlow | None:
        """A flow as it was noted; None where it is gone."""
        name = kept_flow(self.effective, noted)
        return self.named(name) if name is not None else None
