"""Serves one team's installation of the app, from its opening to its close: takes questions in, answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from bot.background.tasks import Share
from bot.conversation.fair_use import FairUse, limits_of
from bot.conversation.turn import Turns
from bot.conversation.workspace_flow import Around
from bot.errors import StoreUnavailable
from bot.mailbox.lease import Lease
from bot.pacing.governor import Governor
from bot.ports.slack import AttachedFiles, HomeTabs, Slack
from bot.records.figures import Counted
from bot.records.thread import Item, Thread
from bot.reply.contract import AnswerButtons, Place
from bot.slack import wording
from bot.slack.calls import Result
from bot.slack.identity import Identity
from bot.slack.installation import Installation
from bot.slack.messages import StandingMessage
from bot.slack.payload import IncomingMessage
from bot.slack.payload import plain as plain_text
from bot.slack.token_state import TokenState
from bot.workspace.access import Access
from bot.workspace.answering import Answering
from bot.workspace.apologies import Apologies
from bot.workspace.authors import Authors, Authorship
from bot.workspace.certificate import Certificate
from bot.workspace.home_content import HomeContents
from bot.workspace.homes import Homes
from bot.workspace.process import Process
from bot.workspace.replies import Replies
from bot.workspace.sentences import Sentences
from bot.workspace.uninstall import Uninstall
from bot.workspace.work import Work, reference_of

T = TypeVar("T")

# For an interaction, Slack waits for three (Slack docs, Handling user interaction).
_STORE_SECONDS = 2.6
# For so many seconds the prompts of a Home are the same: each counts once.
_SAME_PROMPTS = 60


class SlackConnection(Slack, AttachedFiles, HomeTabs, Authorship, Protocol):
    """Slack, with one bot token."""

    @property
    def admission(self) -> TokenState:
        """Whether Slack takes the token."""
        ...

    async def come_back(self, pause: Callable[[], Awaitable[None]]) -> None:
        """While the token is refused, see after each `pause` whether it is taken again. Never returns."""
        ...

    async def written(self, thread: Thread, ts: str) -> IncomingMessage | None:
        """A person's message as it stands now; None where it is gone. Raises SlackRefused, SlackUnavailable."""
        ...

    async def names(self, text: str, *, asker: str) -> Mapping[str, str]:
        """The names of those whom a text mentions, by their ids, as far as the `asker` may know them."""
        ...

    async def members(self, group: str) -> frozenset[str] | None:
        """The users in a user group, as they are or were known last; None where Slack has never told."""
        ...

    async def wrote(self, thread: Thread, user: str) -> bool:
        """Whether a person has written in a thread. Raises SlackRefused, SlackUnavailable."""
        ...

    async def standing(self, thread: Thread, ts: str) -> StandingMessage | None:
        """A message as it stands; None where there is none. Raises SlackRefused, SlackUnavailable."""
        ...

    async def suggest(self, channel: str, prompts: Sequence[str]) -> Result:
        """Show prompts to begin with in an agent's pane."""
        ...

    async def open_view(self, trigger_id: str, view: Mapping[str, object]) -> Result:
        """Open a modal for whoever has pressed a button; the trigger lives three seconds."""
        ...


class Workspace:
    """What handlers work with, for one team: what is of that team alone, and what it shares with others.

    `steps` says what is done for a stored question, by the surface it came through (see `Work`). `app` is the id of the
    app, empty where it is not known.
    """

    def __init__(
        self,
        process: Process,
        slack: SlackConnection,
        identity: Identity,
        steps: Mapping[str, Step],
        *,
        app: str = "",
    ) -> None:
        self.identity = identity
        self.installation = Installation(app, identity.enterprise, identity.team, identity.is_org_wide)
        self.slack = slack
        self.authors = Authors(slack, identity, app)
        self.access = Access(identity.team, slack, self.authors, process.store.notices, lambda: process.flows.effective)
        self.store = process.store
        self.wall = process.wall
        self.asks = process.delivery.asks
        self.agent_view = process.delivery.agent_view
        """Whether each message outside threads, in a direct message, begins a thread of its own (BOT_AGENT_VIEW)."""
        self._process = process
        self.link_hosts = process.delivery.hosts
        self.tasks = Share(process.tasks)
        self.mailbox = process.mailbox
        self.certificate = Certificate(process.store.certificates, identity.team, self.tasks, now=process.now)
        self.governor = Governor(
            process.store,
            identity.team,
            scale=self._share if process.delivery.scale == 1 else process.delivery.scale,
            now=process.now,
            supervisor=process.supervisor,
        )
        around, fair_use = self._around(process), self._fair_use(process)
        self.conversations = Turns(process.flows, around, process.admission, fair_use)
        replies = Replies(
            process.delivery,
            invite=wording.invite(identity.name),
            thinking=wording.thinking(identity.name),
            certificate=self.certificate,
        )
        self.sentences = Sentences(slack, self.governor, replies, now=process.now, backoff=process.waits.call)
        self.answering = Answering(process, self.tasks, self.conversations, self.governor, replies, self.sentences)
        self.homes = self._homes(process)
        self.apologies = Apologies(self.sentences, slack, process, self.tasks, self.begin)
        self.uninstall = Uninstall(identity.team, process.store, slack.admission)
        steps_here = {surface: partial(step, self) for surface, step in steps.items()}
        self._work = Work(identity.team, process.mailbox, steps_here, self.sentences.fail, self._tell_too_late)
        self._supervisor = process.supervisor
        self._token_seconds = process.waits.token
        self._background: list[asyncio.Task[None]] = []
        self._is_closed = False

    def _fair_use(self, process: Process) -> FairUse:
        return FairUse(
            process.store.fair_use,
            self.identity.team,
            lambda: limits_of(process.flows.effective.fairness),
            self.governor,
            tasks=self.tasks,
            supervisor=process.supervisor,
            durations=process.mailbox.durations,
            now=process.now,
        )

    def _around(self, process: Process) -> Around:
        settings = process.conversations
        return Around(
            self.slack,
            process.store,
            settings,
            process.room,
            frozenset() if settings.outsiders_files else self.identity.organisations,
            self.tasks,
            now=process.now,
            wall=process.wall,
            configured=3 * process.waits.configuration,
        )

    def _homes(self, process: Process) -> Homes | None:
        team, parts, store = self.identity.team, process.home, process.store
        if parts is None:
            return None
        bot, wall = self.identity.name, process.wall
        contents = HomeContents(parts, team, bot, store.home, store.figures, self._prompts, self._refused, wall)
        apart = process.waits.home
        return Homes(parts, team, process.name, contents, store.home, self.slack, process.now, apart)

    async def _refused(self, user: str, channel: str) -> str:
        try:
            found = await self.in_time(self.access.refusal(user, channel))
        except StoreUnavailable:  # Slack does not tell in time; whoever asks is looked at again
            return ""
        return await self.access.sentence(found) if found is not None else ""

    async def _prompts(self, flow: str, thread: Thread, user: str) -> AnswerButtons | None:
        # A press draws the Home anew: who presses twice must not meet another button the second time.
        reference = reference_of(thread.team, "home", user, flow, f"{self.wall() // _SAME_PROMPTS:.0f}")
        found = self.conversations.flows.named(flow)
        return await found.offers.to_begin_with(thread, reference, user) if found is not None else None

    def _share(self, method: str) -> float:
        """What was seen of a method's limit here. Whoever sets SLACK_RATE_SCALE knows better."""
        return self.certificate.verified.share(method)

    # From its opening to its close ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take questions of this team from now on, also those that other processes leave."""
        self.mailbox.serve(self.identity.team)
        pause = partial(asyncio.sleep, self._token_seconds)
        self._background = [
            self._supervisor.start("deleting an uninstalled workspace's data", self.uninstall.run),
            self._supervisor.start("looking at the token", lambda: self.slack.come_back(pause)),
            self._supervisor.start("looking at what was verified", self.certificate.watch),
        ]
        if self.homes is not None:
            self._background.append(self._supervisor.start("drawing changed Homes", self.homes.follow))

    async def close(self) -> None:
        """End what is under way for this team, which other processes then go on with; the process itself goes on."""
        self._is_closed = True
        await self.mailbox.leave(self.identity.team)
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)
        await self.tasks.end()
        await self.governor.stop()

    @property
    def is_ready(self) -> bool:
        """Slack takes our token, so that what comes can be answered."""
        return not self.slack.admission.refusal

    @property
    def is_leaving(self) -> bool:
        """Nothing new is taken in."""
        return self._is_closed or self.tasks.leaving.is_set()

    def begin(self, lease: Lease) -> None:
        """Work on a stored question until it is settled or another process goes on with it."""
        self.tasks.start(self._work.on(lease), name=lease.item.surface)

    async def _tell_too_late(self, place: Place) -> None:
        async def applies() -> bool:
            return True

        await self.sentences.whisper(place, wording.ENDED_ALREADY, applies=applies)

    async def in_time(self, storing: Awaitable[T]) -> T:
        """The result of what is stored before Slack gets its acknowledgement. Raises StoreUnavailable: not in time."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                return await storing
        except TimeoutError:
            raise StoreUnavailable("Redis does not answer before Slack must be answered") from None

    def count_rating(self, *, by_asker: bool, good: bool) -> None:
        """Count a rating that was pressed. `by_asker`: by the person whose question was answered."""
        self._process.count_rating(by_asker=by_asker, good=good)
        self.count(Counted.GOOD if good else Counted.BAD)

    def count(self, what: Counted) -> None:
        """Add one to the figures of this team."""
        self._process.count(self.identity.team, {what.value: 1})

    # Reading --------------------------------------------------------------------------------------------------------

    async def all_plain(self, texts: Sequence[str], asker: str) -> list[str]:
        """Slack texts that go along with a question of the `asker`, as a person reads them, without the mentions of the
        bot."""
        own = self.identity.bot_user
        # A sign of life waits for this, so the names of all are looked up together.
        names = {**await self.slack.names("\n".join(texts), asker=asker), own: self.identity.name}
        return [plain_text(text, names, without=own) for text in texts]

    async def plain(self, text: str, asker: str) -> str:
        """A Slack text of the `asker` as a person reads it, without the mentions of the bot."""
        [read] = await self.all_plain([text], asker)
        return read

    def without_mention(self, text: str) -> str:
        """A Slack text without the mentions of the bot, nobody's name looked up."""
        return plain_text(text, {}, without=self.identity.bot_user)

    def has(self, line: str) -> bool:
        """Whether a line is of this workspace: its name may come from outside."""
        return line.startswith(f"{self.identity.team}:")

    async def items(self, line: str) -> tuple[Item, ...]:
        """What is under way or waits in a line of this workspace, in its order. Raises StoreUnavailable."""
        return await self.mailbox.items(line) if self.has(line) else ()

    def thread(self, channel: str, thread_ts: str) -> Thread:
        """A thread of this workspace."""
        is_session = self.agent_view and channel.startswith("D") and bool(thread_ts)
        return Thread(self.identity.team, channel, thread_ts, is_session)


Step: TypeAlias = Callable[[Workspace, Lease], Awaitable[None]]
"""What is done for a stored question. Raises StoreUnavailable: to be done again; Unreadable."""
