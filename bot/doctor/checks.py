"""Runs all checks of the doctor concurrently, from the settings outwards, and prints the report.

On request, it asks each flow a question after them.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

from redis.asyncio import Redis

import bot.flowise.client as flowise_client
from bot.config.effective import EffectiveFlow
from bot.config.live import LiveConfiguration
from bot.config.secrets import FlowSecrets
from bot.doctor.asker import AskerTold
from bot.doctor.certificate import certificate, team_of
from bot.doctor.findings import UNREADABLE, About, Finding, Verdict, exit_status, redacted
from bot.doctor.flowise import FLOWISE, Chatflow, flowise
from bot.doctor.machine import MACHINE, port
from bot.doctor.network import network
from bot.doctor.output import as_json, table
from bot.doctor.question import with_answer
from bot.doctor.redis import REDIS, redis
from bot.doctor.settings import read, unreadable
from bot.doctor.slack import SLACK, slack
from bot.errors import SettingsError
from bot.flowise.limits import Limits
from bot.network.outgoing import DIRECT, Network, export
from bot.network.proxies import Proxies
from bot.serving import logs
from bot.settings.environment import configuration_of, tells_email
from bot.settings.settings import Settings, read_settings
from bot.slack import asker
from bot.slack.wire import new_session, web_client
from bot.store.connections import connect

_ENV_FILE = Path(".env")

# Seconds for all checks of one heading: a silent server must not delay the report. A healthy one needs less than one.
_PATIENCE = 10.0
# Seconds for one request: half of that, because at most two are made one after the other.
_REQUEST = 5.0
# Columns. Longer lines are hard to read, however wide the window is.
_WIDEST = 110


def examine(
    out: TextIO, environment: Mapping[str, str], *, machine_readable: bool = False, question: str | None = None
) -> int:
    """Run all checks and write the report to `out`; return the exit status. A `question` is asked, once.

    0: nothing has to be changed (there may be warnings); 1: something has to; 2: the settings cannot be read.
    """
    try:
        settings = read_settings()
        live = configuration_of(settings, _ENV_FILE)
    except SettingsError as error:
        findings, status = unreadable(error, _ENV_FILE), UNREADABLE
    else:
        # The clients' own log lines go to stderr, out of the report's way.
        export(settings.ssl_cert_file)
        redaction = logs.configure("ERROR", settings.log_format, (*settings.secrets(), *live.hidden()))
        seen = [*read(_ENV_FILE), *asyncio.run(examined(settings, live, question=question))]
        findings = redacted(seen, redaction)
        status = exit_status(findings)
    width, colour = _look(out, environment)
    text = as_json(findings, status) if machine_readable else table(findings, width=width, colour=colour)
    # A stream whose encoding lacks a character shows a question mark.
    encoding = out.encoding or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()
    return status


async def examined(
    settings: Settings,
    live: LiveConfiguration,
    *,
    wall: Callable[[], float] = time.time,
    patience: float = _PATIENCE,
    question: str | None = None,
) -> list[Finding]:
    """All findings for valid settings, and for each flow of the configuration. `patience` is how long the checks of one
    heading may take, in seconds.

    A `question` is asked of each flow after them, and may take two minutes.
    """
    out = Network(Proxies(settings.https_proxy or "", settings.http_proxy or "", settings.no_proxy))
    given = Network(out.proxies, settings.ssl_cert_file)
    seen = network(given, {"Slack": settings.slack_api_url, **_servers(live)})
    if not any(finding.state is Verdict.WRONG for finding in seen):
        out = given
    async with AsyncExitStack() as stack:
        slack_session = await stack.enter_async_context(new_session(out))
        flowise_session = await stack.enter_async_context(flowise_client.new_session(out))
        direct = await stack.enter_async_context(DIRECT.session())
        web = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, slack_session)
        app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else None
        address = partial(connect, patience=_REQUEST, retries=0)
        folder = settings.data_dir.absolute()

        async def listening() -> list[Finding]:
            ports = {"PORT": settings.port, "METRICS_PORT": settings.metrics_port}
            own = {name: number for name, number in ports.items() if number is not None}
            if own.get("METRICS_PORT") == settings.port:
                del own["METRICS_PORT"]
            return [await port(direct, settings.host, number, name) for name, number in own.items()]

        async def kept(client: Redis) -> list[Finding]:
            return await certificate(client, partial(team_of, web), wall)

        async def of_flow(flow: EffectiveFlow) -> list[Finding]:
            chatflow = _chatflow(settings, flow, live.secrets[flow.name])
            looking = flowise(flowise_session, chatflow, monotonic=time.monotonic, wall=wall)
            found = await bounded(FLOWISE, looking, patience)
            if question is not None:
                limits = Limits(chatflow.limits.connect, flow.headers_timeout)
                client = flowise_client.Client(
                    *(flowise_session, flow.url, flow.chatflow_id, chatflow.key, limits), extra_headers=chatflow.headers
                )
                found = await with_answer(found, client, question, monotonic=time.monotonic)
            return _under(flow, found)

        reports = await asyncio.gather(
            bounded(
                SLACK,
                slack(
                    *(web, app_token, settings.slack_command),
                    email=tells_email(settings, live.effective),
                    agent=settings.bot_agent_view,
                    wall=wall,
                ),
                patience,
            ),
            *map(of_flow, live.effective.flows.values()),
            bounded(REDIS, redis(settings.redis_url, folder, address, kept), patience),
            bounded(MACHINE, listening(), patience),
        )
    found = [*seen, *(finding for report in reports for finding in report)]
    # What stands in Redis may be about Slack: under one heading stands all of it.
    order = list(dict.fromkeys(finding.about for finding in found))
    return sorted(found, key=lambda finding: order.index(finding.about))


async def bounded(about: About, work: Awaitable[list[Finding]], patience: float) -> list[Finding]:
    """The findings of `work`, or one saying that it took longer than `patience` seconds."""
    try:
        async with asyncio.timeout(patience):
            return await work
    except TimeoutError:
        do = "Something accepts connections but does not answer: look for a firewall, a proxy or a stuck server."
        return [about.wrong("answer", f"none within {patience:g} s", do)]


def _about(flow: EffectiveFlow) -> About:
    return About(f"{FLOWISE.heading}, {flow.name}") if flow.name else FLOWISE


def _under(flow: EffectiveFlow, found: list[Finding]) -> list[Finding]:
    """The findings under the heading of a flow."""
    return [replace(finding, about=_about(flow).heading) for finding in found]


def _servers(live: LiveConfiguration) -> dict[str, str]:
    """The servers of the flows, each once, by what is said of it."""
    named = {flow.url: _about(flow).heading for flow in reversed(list(live.effective.flows.values()))}
    return {heading: url for url, heading in reversed(named.items())}


def _chatflow(settings: Settings, flow: EffectiveFlow, secrets: FlowSecrets) -> Chatflow:
    limits = Limits(connect=min(_REQUEST, flow.connect_timeout), headers=_REQUEST)
    told = AskerTold(flow.vars, flow.state, asker.introduced(settings.bot_introduce))
    return Chatflow(
        flow.url, flow.chatflow_id, secrets.api_key or None, limits, secrets.headers, told, flow.files_to_store
    )


def _look(out: TextIO, environment: Mapping[str, str]) -> tuple[int, bool]:
    """The width in columns, and whether to use colour: not with NO_COLOR (no-color.org), TERM=dumb or a pipe."""
    if not out.isatty():
        return _WIDEST, False
    plain = environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb"
    return min(shutil.get_terminal_size().columns, _WIDEST), not plain
