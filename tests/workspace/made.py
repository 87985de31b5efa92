"""Makes a workspace in a process of its own, as far as a test needs one."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot.background.supervision import Supervisor
from bot.config.merging import effective
from bot.conversation.admission import Admission
from bot.conversation.file_room import FileRoom
from bot.conversation.flows import Flow
from bot.conversation.question import ConversationSettings
from bot.mailbox.mailbox import Mailbox
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.reply.streams import Mode
from bot.settings.environment import environment_of
from bot.settings.settings import checked
from bot.slack.identity import Identity
from bot.workspace.process import DeliverySettings, Process
from bot.workspace.workspace import SlackConnection, Step, Workspace

IDENTITY = Identity("T1", "", "B1", "U1", "Bot")
FLOW = {"FLOWISE_URL": "http://flowise:3000", "FLOWISE_CHATFLOW_ID": "flow"}
DELIVERY = DeliverySettings(0.4, 10, Mode.EDIT, scale=1e6)


class OneFlow:
    """The flow of a bot without a configuration file."""

    def __init__(self, flowise: Flowise) -> None:
        settings = checked({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"} | FLOW)
        self.effective = effective(environment_of(settings))
        self._flow = Flow(self.effective.flows[""], flowise, reads_answers=False)

    def named(self, name: str) -> Flow | None:
        return self._flow if name == "" else None


def made_workspace(
    flowise: Flowise,
    slack: SlackConnection,
    store: Store,
    steps: Mapping[str, Step],
    identity: Identity = IDENTITY,
    delivery: DeliverySettings = DELIVERY,
) -> Workspace:
    """A workspace with these parts; `steps` says what is done for a stored question."""
    supervisor = Supervisor(time.monotonic)
    process = Process(
        "ours",
        OneFlow(flowise),
        store,
        Mailbox(store.mailboxes, "ours", now=time.monotonic, supervisor=supervisor),
        Admission(100),
        FileRoom(),
        delivery,
        ConversationSettings(),
        now=time.monotonic,
        wall=time.time,
        supervisor=supervisor,
    )
    return Workspace(process, slack, identity, steps)
