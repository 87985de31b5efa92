"""Shows everybody in a place who has asked what, where no message of that person's does."""

from __future__ import annotations

import structlog

from bot.mailbox.lease import Lease
from bot.slack import wording
from bot.slack.calls import Posted, PostMessage, Result
from bot.slack.text.blocks import fallback, quoted_question
from bot.workspace.workspace import Workspace

log = structlog.get_logger(__name__)


async def show_question(
    workspace: Workspace, lease: Lease, asker: tuple[str, str], text: str, *, channel: str, thread_ts: str = ""
) -> Result | None:
    """Post who has asked what, once; None: the question is not ours any more. `asker` is a user id, and the name to
    fall back on."""
    reference, (user, name) = lease.item.reference, asker
    asker_name = await workspace.slack.name(user) or name or wording.SOMEBODY
    message = PostMessage(
        channel=channel,
        thread_ts=thread_ts or None,
        text=fallback(f"{asker_name} asked: {text}"),
        blocks=quoted_question(asker_name, text),
        mark=f"{reference}-root",
        look=lease.look,
        since=thread_ts,
    )
    result = await workspace.sentences.post(message, applies=lease.may_write)
    if not isinstance(result, Posted):
        log.info("question not posted", ref=reference, result=str(result))
    return result
