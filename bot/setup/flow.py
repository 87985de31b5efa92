"""Looks at a Flowise for the set-up: whether it answers, which flows it has, and what one of them says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import aiohttp

from bot.doctor.findings import Finding
from bot.doctor.question import QUESTION, with_answer
from bot.flowise.api import Api
from bot.flowise.client import Client, new_session
from bot.flowise.limits import Limits
from bot.flowise.refusals import HttpReply
from bot.flowise.stream import connect_timeout, exchange_error, read_reply
from bot.network.outgoing import Network

# The list holds every flow whole: 1.5 MB for 33 of them (measured on Flowise 3.1.4).
_LARGEST_LIST = 64 * 1024 * 1024
# In seconds, for that list.
_LISTING = 20.0

# The paths of Flowise's pages, before the id of a flow.
_PAGES = ("/v2/agentcanvas/", "/agentcanvas/", "/canvas/", "/chatbot/", "/api/v1/prediction/")
_THIS_MACHINE = ("localhost", "127.", "[::1]")


@dataclass(frozen=True, slots=True)
class Flowise:
    """A server: its base address, the API key if there is one, and the headers that a proxy asks for."""

    url: str
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedFlow:
    """A flow as the server lists it."""

    id: str
    name: str
    is_agentflow: bool = False


def pasted(text: str) -> tuple[str, str]:
    """The server's base address and the flow's id in an address from the browser; without a flow, the id is empty.

    A base address that cannot be right is returned as it is: the settings say what is wrong with it.
    """
    text = text.strip()
    if "://" not in text:
        text = f"{'http' if text.startswith(_THIS_MACHINE) else 'https'}://{text}"
    parts = urlsplit(text)
    for page in _PAGES:
        before, found, after = parts.path.partition(page)
        if found:
            return f"{parts.scheme}://{parts.netloc}{before}", unquote(after.partition("/")[0])
    # The lists of flows, and the page one comes to.
    path = parts.path.rstrip("/")
    for page in ("/chatflows", "/agentflows", "/apikey", "/api/v1"):
        path = path.removesuffix(page)
    return f"{parts.scheme}://{parts.netloc}{path}", ""


async def reached(network: Network, server: Flowise) -> None:
    """Check that a Flowise answers there.

    Raises:
        FlowiseError: none does.
    """
    async with new_session(network) as session:
        await _api(session, server, "").check_it_is_flowise()


async def listed(network: Network, server: Flowise) -> list[ListedFlow] | None:
    """The flows, by name; None where the key may not view them, or there is none.

    Raises:
        FlowiseError: no connection.
    """
    if server.key is None:
        return None
    async with new_session(network) as session:
        api, limits = _api(session, server, ""), Limits()
        try:
            async with asyncio.timeout(_LISTING):
                response = await session.get(
                    api.address("chatflows"),
                    headers=api.headers,
                    allow_redirects=False,
                    timeout=connect_timeout(limits),
                )
                return flows_in(await read_reply(response, _LARGEST_LIST))
        except aiohttp.ClientError as error:
            raise exchange_error(error, limits) from error
        except TimeoutError:
            return None


def flows_in(reply: HttpReply) -> list[ListedFlow] | None:
    """The flows in a list, which newer servers page; None where it is no list."""
    body = reply.json() if reply.status == 200 and reply.whole else None
    rows = body.get("data") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        return None
    found = [
        ListedFlow(str(row["id"]), str(row.get("name") or row["id"]), row.get("type") == "AGENTFLOW")
        for row in rows
        if isinstance(row, Mapping) and isinstance(row.get("id"), str)
    ]
    return sorted(found, key=lambda flow: flow.name.casefold())


async def answered(network: Network, server: Flowise, flow_id: str) -> Finding:
    """What came of one question to the flow, which is one prediction. One that begins with a form is not asked."""
    async with new_session(network) as session:
        client = Client(session, server.url, flow_id, server.key, Limits(), extra_headers=server.headers)
        return (await with_answer([], client, QUESTION, monotonic=time.monotonic))[-1]


def _api(session: aiohttp.ClientSession, server: Flowise, flow_id: str) -> Api:
    return Api(session, server.url, flow_id, server.key, Limits(), time.monotonic, server.headers)
