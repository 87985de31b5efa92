"""Checks Flowise without a prediction: whether it is reachable, its version, the chatflow, the key, the clock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from bot.doctor.asker import NOTHING_TOLD, AskerTold, asker
from bot.doctor.clock import clock
from bot.doctor.files import files
from bot.doctor.findings import About, Finding
from bot.errors import FlowiseError, FlowiseUnreachable, FlowStartedElsewhere, KeyRefused, UnknownChatflow, advice
from bot.flowise.api import KEY_OF_ANOTHER_WORKSPACE, Api
from bot.flowise.chatbot_config import ChatbotConfig, config_of
from bot.flowise.limits import Limits
from bot.flowise.overridable import Overridable, overridable
from bot.flowise.refusals import HttpReply
from bot.flowise.stream import connect_timeout, exchange_error, read_reply

FLOWISE = About("Flowise")

# The versions the bot knows: 2.2.8 and newer from their source code, 3.1.4 from recorded traffic.
_OLDEST = (2, 2, 8)
_MEASURED = "3.1.4"

_OPEN_IT = "In Flowise, open the flow (Chatflows or Agentflows)"
WHICH_KEY = (
    f"{_OPEN_IT} and click API Endpoint (</>): FLOWISE_API_KEY must be the key that is selected there. With No "
    "Authorization, no key is needed."
)
_NO_KEY = "not set; only a question shows whether the chatflow needs one"
_WITHOUT_KEY = f"{WHICH_KEY} With any of the server's keys (API Keys), the bot can also fetch answers after a crash."


@dataclass(frozen=True, slots=True)
class Chatflow:
    """The server's base URL, the chatflow to check, the API key if there is one, how long to wait, the headers that a
    proxy asks for, what the flow is told of whoever asks, and whether files are added to its vector store."""

    url: str
    chatflow_id: str
    key: str | None
    limits: Limits
    headers: Mapping[str, str] = field(default_factory=dict)
    told: AskerTold = NOTHING_TOLD
    files_to_store: bool = False


async def flowise(
    session: aiohttp.ClientSession,
    chatflow: Chatflow,
    *,
    monotonic: Callable[[], float],
    wall: Callable[[], float],
) -> list[Finding]:
    """All findings about Flowise. `monotonic` returns monotonic seconds, `wall` epoch seconds."""
    api = Api(session, chatflow.url, chatflow.chatflow_id, chatflow.key, chatflow.limits, monotonic, chatflow.headers)
    asking = _Asking(session, api, chatflow)
    # Concurrently, so that all take the time of one.
    streams, is_flowise, version_reply, rows, config, uploads, overrides = await asyncio.gather(
        _tried(api.streams(fresh=True)),
        _tried(api.check_it_is_flowise()),
        _tried(asking.get("version")),
        _tried(asking.get("chatmessage", chatflow.chatflow_id, query={"chatId": str(uuid4())})),
        _tried(api.config()),
        _tried(asking.get("chatflows-uploads", chatflow.chatflow_id)),
        _tried(asking.overridable(chatflow)),
    )
    at = wall()
    failure = next((answer for answer in (streams, version_reply) if _is_failure(answer)), None)
    if isinstance(failure, FlowiseError):
        return [unreachable(failure, chatflow.url)]
    if streams is None and isinstance(is_flowise, FlowiseError):
        return [unreachable(is_flowise, chatflow.url)]
    if streams is None and not isinstance(version_reply, HttpReply):
        return [unreachable(FlowiseUnreachable("it accepts the connection but does not answer"), chatflow.url)]
    read = config_of(config) if isinstance(config, HttpReply) else None
    date = version_reply.headers.get("Date", "") if isinstance(version_reply, HttpReply) else ""
    return [
        version(version_reply),
        the_chatflow(streams, chatflow.chatflow_id),
        *start(read),
        offers(read),
        files(FLOWISE, uploads, read, to_store=chatflow.files_to_store, has_key=chatflow.key is not None),
        *asker(FLOWISE, chatflow.told, overrides if isinstance(overrides, Overridable) else None),
        key(chatflow.key, rows),
        clock(FLOWISE, date, at, signed=False),
    ]


def unreachable(error: FlowiseError, url: str) -> Finding:
    """The finding about a server that cannot be asked anything."""
    do = advice(type(error))
    if urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}:
        do += " Inside a container, localhost is the container itself."
    return FLOWISE.wrong("server", str(error), do)


def version(reply: object) -> Finding:
    """The finding about the server's version. A pre-release counts as the release it leads to."""
    body = reply.json() if isinstance(reply, HttpReply) else None
    reported = body.get("version") if isinstance(body, dict) else None
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", reported) if isinstance(reported, str) else None
    if found is None:
        return FLOWISE.unknown("server", "reachable, but it does not report its version")
    number = tuple(int(part) for part in found.groups())
    if number < _OLDEST:
        do = f"Update Flowise. The bot was tested with {_MEASURED}, and not with versions this old."
        return FLOWISE.warning("server", f"Flowise {found[0]}", do)
    return FLOWISE.well("server", f"Flowise {found[0]}")


def the_chatflow(streams: object, chatflow_id: str) -> Finding:
    """The finding about the chatflow, from whether it can stream: True, False, unknown (None), or an error."""
    match streams:
        case UnknownChatflow():
            return FLOWISE.wrong("chatflow", f"none has the id {chatflow_id}", advice(UnknownChatflow))
        case True:
            return FLOWISE.well("chatflow", "exists, and can stream")
        case False:
            do = (
                "The bot works without streaming. To turn it on, look for what prevents it: an output parser, a custom "
                "function at the end, post-processing (Configuration), or streaming turned off in the model's node."
            )
            return FLOWISE.warning("chatflow", "exists, but cannot stream: each answer appears all at once", do)
    return FLOWISE.unknown(
        "chatflow", "the server does not report whether it exists", f"{_OPEN_IT} and ask it a question there."
    )


def start(found: ChatbotConfig | None) -> list[Finding]:
    """The finding about how the flow begins, where nobody can ask it."""
    if found is None or not found.is_started_elsewhere:
        return []
    what = "a webhook" if "webhook" in found.start_input_type else "a schedule"
    return [FLOWISE.wrong("start", f"only {what} starts the flow", advice(FlowStartedElsewhere))]


def offers(found: ChatbotConfig | None) -> Finding:
    """The finding about what the flow offers beside its answers, by its public configuration; None: not told."""
    if found is None:
        return FLOWISE.unknown("offers", "the server does not tell whether the flow suggests questions or is rated")
    starters = len(found.starter_prompts)
    offered = [
        *(["ratings of answers"] if found.feedback else []),
        *(["follow-up prompts"] if found.follow_ups else []),
        *([f"a form of {len(found.form_fields)} fields to begin with"] if found.form else []),
        *([f"{starters} starter prompt{'s' if starters > 1 else ''}"] if starters else []),
    ]
    nothing = "no ratings, no follow-up prompts and no starter prompts"
    return FLOWISE.well("offers", ", ".join(offered) or nothing)


def key(given: str | None, rows: object) -> Finding:
    """The finding about FLOWISE_API_KEY, from the response to a request for stored messages.

    Only a prediction can show whether it is the key that is bound to the chatflow.
    """
    if given is None:
        return FLOWISE.unknown("key", _NO_KEY, _WITHOUT_KEY)
    if not isinstance(rows, HttpReply):
        return FLOWISE.unknown("key", "the server did not answer a request with it", WHICH_KEY)
    return _validity(rows)


def has_none(finding: Finding) -> bool:
    """Whether the finding about the key is that there is none."""
    return finding.found == _NO_KEY


def _validity(rows: HttpReply) -> Finding:
    if rows.status == 401:
        return FLOWISE.wrong("key", "not one of this Flowise's API Keys", f"{advice(KeyRefused)} {WHICH_KEY}")
    if KEY_OF_ANOTHER_WORKSPACE in rows.message:
        found = "valid, but made in another workspace of Flowise than the chatflow's"
        return FLOWISE.wrong("key", found, f"{advice(KeyRefused)} {WHICH_KEY}")
    if rows.status == 403:
        do = "In Flowise, API Keys: allow the key to view chatflows, or the bot cannot fetch answers after a crash."
        return FLOWISE.warning("key", "valid, but not allowed to read stored messages", do)
    if rows.status == 200 and isinstance(rows.json(), list):
        found = "valid; only a question shows whether it is the one bound to the chatflow"
        return FLOWISE.unknown("key", found, WHICH_KEY)
    return FLOWISE.unknown(
        "key", f"the server's response does not show whether it is valid (HTTP {rows.status})", WHICH_KEY
    )


def _is_failure(answer: object) -> bool:
    return isinstance(answer, FlowiseError) and not isinstance(answer, UnknownChatflow)


async def _tried(work: Awaitable[object]) -> object:
    """The result, or the FlowiseError that was raised."""
    try:
        return await work
    except FlowiseError as error:
        return error


class _Asking:
    """Makes requests that the bot itself does not make, at its addresses and with its key."""

    def __init__(self, session: aiohttp.ClientSession, api: Api, chatflow: Chatflow) -> None:
        self._session, self._api, self._limits = session, api, chatflow.limits

    async def overridable(self, chatflow: Chatflow) -> Overridable | None:
        """What a request may override of the flow, read with the key or, of a public flow, without; None: not told."""
        if not (chatflow.told.variables or chatflow.told.state):
            return None
        found = overridable(await self.get("chatflows", chatflow.chatflow_id)) if chatflow.key else None
        return found or overridable(await self.get("public-chatflows", chatflow.chatflow_id))

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> HttpReply | None:
        """The response; None if none came in time. Redirects are not followed: they would carry the key elsewhere.

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
