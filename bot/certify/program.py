"""Runs `python -m bot certify`: reads the settings, opens Slack and Redis, and prints and keeps the report."""

from __future__ import annotations

import sys
import time
from contextlib import AsyncExitStack
from typing import TextIO

from bot.background.supervision import Supervisor
from bot.certify.calls import Calls, UnseenError, WrongError
from bot.certify.report import Row, lines
from bot.certify.run import certified
from bot.certify.scene import Scene, Times
from bot.errors import BotError
from bot.network.outgoing import export
from bot.pacing.governor import Governor
from bot.serving import logs
from bot.serving.startup import network_of, opened_store
from bot.settings.settings import Settings
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client
from bot.store.redis import unobserved


def prepare(settings: Settings) -> None:
    """Have what the clients log go to standard error, without secrets, and trust the certificates of the settings."""
    export(settings.ssl_cert_file)
    logs.configure("ERROR", settings.log_format, settings.secrets())


async def certify(
    settings: Settings,
    channel: str,
    *,
    limits: bool,
    machine_readable: bool,
    out: TextIO,
    progress: TextIO = sys.stderr,
    times: Times = Times(),  # noqa: B008  # it is frozen
) -> int:
    """Look at everything, print the report to `out`, keep it, and return the exit status.

    Raises:
        BotError: nothing can be posted in the channel; Slack or Redis cannot be reached.
    """

    def tell(row: Row) -> None:
        progress.write("".join(f"{line}\n" for line in lines(row)))
        progress.flush()

    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(new_session(network_of(settings)))
        store = await stack.enter_async_context(opened_store(settings, unobserved))
        web = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        client = SlackClient(web, session)
        identity = await client.identity()
        supervisor, now = Supervisor(time.monotonic), time.monotonic
        stack.push_async_callback(supervisor.stop)
        governor = Governor(store, identity.team, scale=settings.slack_rate_scale, now=now, supervisor=supervisor)
        token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
        calls = Calls(client, web, session, governor, now=now)
        scene = Scene(calls, identity, channel, root="", app_token=token, times=times)
        try:
            report = await certified(scene, store.certificates, wall=time.time, limits=limits, told=tell)
        except (WrongError, UnseenError) as error:
            raise BotError(f"nothing can be posted in that channel: {error}") from None
        # Told first: it has taken minutes, and the store may be away by now.
        out.write(report.as_json() if machine_readable else report.as_text())
        out.flush()
        await store.certificates.keep(identity.team, report.as_json())
    return report.status
