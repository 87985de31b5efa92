"""Gathers what belongs to the process and is shared by all workspaces that it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.background.supervision import Supervisor
from bot.background.tasks import Tasks
from bot.conversation.admission import Admission
from bot.conversation.file_room import MOST_INLINE, FileRoom
from bot.conversation.flows import Flows
from bot.conversation.question import ConversationSettings
from bot.mailbox.mailbox import Mailbox
from bot.ports.store import Store
from bot.reply.observed import Answers
from bot.reply.steps_support import ShowSteps
from bot.reply.streams import Mode
from bot.slack.help_contact import NOBODY
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.workspace.home_content import HomeParts


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How answers are written: SLACK_EDIT_INTERVAL in seconds, BOT_MOST_MESSAGES, SLACK_DELIVERY, SLACK_RATE_SCALE,
    BOT_SHOW_STEPS, BOT_LINK_HOSTS and BOT_AGENT_VIEW.

    `mode` None: by what was verified in the workspace. `asks` says whom a person should ask when an answer fails, from
    BOT_HELP_CONTACT; `answers` tells those who measure.
    """

    interval: float
    most_messages: int
    mode: Mode | None
    scale: float = 1.0
    asks: str = NOBODY
    answers: Answers = field(default_factory=Answers)
    steps: ShowSteps = ShowSteps.FULL
    hosts: LinkHosts = ANY_HOST
    agent_view: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """How long is waited before something is tried again, in seconds.

    `call`: a call whose answer was lost, twice as long each time. `intake`: a question that could not be taken in.
    `token`: one that Slack has refused. `configuration`: between two looks at it; what changes is in force after three.
    `home`: between two drawings of a Home that nobody has asked for.
    """

    call: float = 1.0
    intake: float = 1.0
    token: float = 30.0
    configuration: float = 1.5
    home: float = 60.0


WAITS = Waits()


class Count(Protocol):
    """Begins to add to the figures of a team, and waits for nothing; `person` is who has asked, empty for nobody."""

    def __call__(self, team: str, counts: Mapping[str, int], person: str = "") -> None: ...


def nothing_counted(team: str, counts: Mapping[str, int], person: str = "") -> None:
    """Does nothing."""


class CountRating(Protocol):
    """Counts a rating that was pressed. `by_asker`: by the person whose question was answered."""

    def __call__(self, *, by_asker: bool, good: bool) -> None: ...


def uncounted(*, by_asker: bool, good: bool) -> None:
    """Does nothing."""


@dataclass(frozen=True, slots=True)
class Process:
    """What the workspaces of a process share. `name` tells it from the other replicas.

    `admission` counts the predictions of all workspaces together, `room` the bytes of their files and `inline`
    those that are written into answers. `now` is
    monotonic, `wall` is epoch seconds. `home` is what Home tabs are made of; None: there are none.
    """

    name: str
    flows: Flows
    store: Store
    mailbox: Mailbox
    admission: Admission
    room: FileRoom
    delivery: DeliverySettings
    conversations: ConversationSettings
    now: Callable[[], float]
    wall: Callable[[], float]
    supervisor: Supervisor
    waits: Waits = WAITS
    tasks: Tasks = field(default_factory=Tasks)
    count_rating: CountRating = uncounted
    count: Count = nothing_counted
    home: HomeParts | None = None
    inline: FileRoom = field(default_factory=lambda: FileRoom(MOST_INLINE))
