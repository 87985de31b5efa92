"""Knows what Flowise tells without a prediction: that it is there, its version, the chatflow, the key, its clock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from bot.doctor.clock import clock
from bot.doctor.findings import About, Finding
from bot.errors import FlowiseError, FlowiseUnreachable, UnknownChatflow
from bot.flowise.api import Api
from bot.flowise.limits import Limits
from bot.flowise.refusals import HttpReply
from bot.flowise.stream import connect_timeout, exchange_error, read_reply

FLOWISE = About("Flowise")

# The versions whose wire was looked at: 2.2.8 and newer by their sources, 3.1.4 by measurement.
_OLDEST = (2, 2, 8)
_MEASURED = "3.1.4"

_OPEN_IT = "In Flowise, open the flow (Chatflows or Agentflows)"
_WHICH_KEY = (
    f"{_OPEN_IT}, click API Endpoint (</>): the key that is chosen there must be FLOWISE_API_KEY; with No "
    "Authorization none is needed."
)
_WITHOUT_KEY = f"{_WHICH_KEY} With any key of the server's (API Keys) the bot can also fetch an answer after a crash."


@dataclass(frozen=True, slots=True)
class Chatflow:
    """Where to ask, about which chatflow, with which key, and how long to wait."""

    url: str
    chatflow_id: str
    key: str | None
    limits: Limits


async def flowise(
    session: aiohttp.ClientSession,
    chatflow: Chatflow,
    *,
    monotonic: Callable[[], float],
    wall: Callable[[], float],
) -> list[Finding]:
    """Everything about Flowise. `monotonic` is monotonic, `wall` is epoch seconds."""
    api = Api(session, chatflow.url, chatflow.chatflow_id, chatflow.key, chatflow.limits, monotonic)
    asking = _Asking(session, api, chatflow)
    # Side by side, for the time of one.
    streams, is_flowise, version_reply, rows = await asyncio.gather(
        _tried(api.streams(fresh=True)),
        _tried(api.check_it_is_flowise()),
        _tried(asking.get("version")),
        _tried(asking.get("chatmessage", chatflow.chatflow_id, query={"chatId": str(uuid4())})),
    )
    at = wall()
    lost = next((answer for answer in (streams, version_reply) if _is_lost(answer)), None)
    if isinstance(lost, FlowiseError):
        return [away(lost, chatflow.url)]
    if streams is None and isinstance(is_flowise, FlowiseError):
        return [away(is_flowise, chatflow.url)]
    if streams is None and not isinstance(version_reply, HttpReply):
        return [away(FlowiseUnreachable("it takes the connection and does not answer"), chatflow.url)]
    date = version_reply.headers.get("Date", "") if isinstance(version_reply, HttpReply) else ""
    return [
        version(version_reply),
        the_chatflow(streams, chatflow.chatflow_id),
        key(chatflow.key, rows),
        clock(FLOWISE, date, at, signed=False),
    ]


def away(error: FlowiseError, url: str) -> Finding:
    """A server that cannot be asked anything."""
    hint = " ".join((type(error).__doc__ or "").split())
    if urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}:
        hint += " Inside a container, localhost is the container itself."
    return FLOWISE.wrong("server", str(error), hint)


def version(reply: object) -> Finding:
    """The server's version. Beta versions and builds count as what they lead to."""
    body = reply.json() if isinstance(reply, HttpReply) else None
    told = body.get("version") if isinstance(body, dict) else None
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", told) if isinstance(told, str) else None
    if found is None:
        return FLOWISE.unknown("server", "it answers, and does not tell its version")
    number = tuple(int(part) for part in found.groups())
    if number < _OLDEST:
        do = f"Update Flowise: {_MEASURED} is what the bot was made with, and nothing is known of this one."
        return FLOWISE.warning("server", f"Flowise {found[0]}", do)
    return FLOWISE.well("server", f"Flowise {found[0]}")


def the_chatflow(streams: object, chatflow_id: str) -> Finding:
    """The chatflow, by what the server said of its streaming: yes, no, nothing (None), or an error."""
    match streams:
        case UnknownChatflow():
            do = f"{_OPEN_IT}: the last part of its address is FLOWISE_CHATFLOW_ID."
            return FLOWISE.wrong("chatflow", f"there is none with the id {chatflow_id}", do)
        case True:
            return FLOWISE.well("chatflow", "it is there, and streams")
        case False:
            do = (
                "That works too. What keeps a flow from streaming: an output parser, a custom function at the end, "
                "post-processing (Configuration), or streaming switched off in the model's node."
            )
            return FLOWISE.warning("chatflow", "it is there, and cannot stream: answers come in one piece", do)
    return FLOWISE.unknown("chatflow", "the server does not tell whether it is there", f"{_OPEN_IT} and ask it there.")


def key(given: str | None, rows: object) -> Finding:
    """FLOWISE_API_KEY, by what the server said when stored messages were asked for with it.

    Whether it is the very key that is bound to the chatflow only a prediction can show.
    """
    if given is None:
        return FLOWISE.unknown("key", "none is set; whether the chatflow needs one only a question shows", _WITHOUT_KEY)
    if not isinstance(rows, HttpReply):
        return FLOWISE.unknown("key", "the server has not answered with it", _WHICH_KEY)
    if rows.status == 401:
        do = f"In Flowise, API Keys: copy the key into FLOWISE_API_KEY. {_WHICH_KEY}"
        return FLOWISE.wrong("key", "Flowise does not know it", do)
    if rows.status == 403:
        do = "In Flowise, API Keys: give the key leave to view chatflows, or answers cannot be fetched after a crash."
        return FLOWISE.warning("key", "Flowise knows it, but it may not read stored messages", do)
    if rows.status == 200 and isinstance(rows.json(), list):
        found = "Flowise knows it; whether it is the one bound to the chatflow only a question shows"
        return FLOWISE.unknown("key", found, _WHICH_KEY)
    return FLOWISE.unknown("key", f"the server's answer says nothing of it (HTTP {rows.status})", _WHICH_KEY)


def _is_lost(answer: object) -> bool:
    return isinstance(answer, FlowiseError) and not isinstance(answer, UnknownChatflow)


async def _tried(work: Awaitable[object]) -> object:
    """A result, or the FlowiseError in its place."""
    try:
        return await work
    except FlowiseError as error:
        return error


class _Asking:
    """Requests of the doctor's own, on the addresses and with the key that the bot would use."""

    def __init__(self, session: aiohttp.ClientSession, api: Api, chatflow: Chatflow) -> None:
        self._session, self._api, self._limits = session, api, chatflow.limits

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> HttpReply | None:
        """An answer; None where none came in time. No redirect is followed: it would carry the key elsewhere.

        Raises:
            FlowiseUnreachable, FlowiseSlow, FlowiseBroke: the connection failed.
        """
        try:
            async with asyncio.timeout(self._limits.headers):
                response = await self._session.get(
                    self._api.address(*path),
                    params=query,
                    headers=self._api.headers,
                    allow_redirects=False,
                    timeout=connect_timeout(self._limits),
                )
                return await read_reply(response, self._limits.frame_bytes)
        except aiohttp.ClientError as error:
            raise exchange_error(error, self._limits) from error
        except TimeoutError:
            return None
