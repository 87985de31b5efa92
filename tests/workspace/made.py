"""Makes a workspace in a process of its own, as far as a test needs one."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot.background.supervision import Supervisor
from bot.conversation.admission import Admission
from bot.conversation.file_room import FileRoom
from bot.conversation.question import ConversationSettings
from bot.mailbox.mailbox import Mailbox
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.reply.streams import Mode
from bot.slack.identity import Identity
from bot.workspace.process import DeliverySettings, Process
from bot.workspace.workspace import SlackConnection, Step, Workspace
from tests.config.made import held

IDENTITY = Identity("T1", "", "B1", "U1", "Bot")
DELIVERY = DeliverySettings(0.4, 10, Mode.EDIT, scale=1e6)


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
        flowise,
        store,
        Mailbox(store.mailboxes, "ours", now=time.monotonic, supervisor=supervisor),
        Admission(100),
        FileRoom(),
        delivery,
        ConversationSettings(),
        effective=lambda: held(""),
        now=time.monotonic,
        wall=time.time,
        supervisor=supervisor,
    )
    return Workspace(process, slack, identity, steps)
