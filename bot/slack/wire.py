"""Makes single calls of Slack's Web API, each once, and returns their results as values.

Each method is called by slack_sdk's own function for it, and so with its verb and encoding: some are JSON, some the
query of a POST, some a GET. Slack takes most in any form, other servers of its API do not;
`tests/slack/test_encoding.py` compares each on the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import NotSlack, SlackRefused, SlackUnavailable
from bot.network.outgoing import DIRECT, Network, why
from bot.slack.addresses import Addresses
from bot.slack.calls import Accepted, Limited, Lost, Posted, Refused, Respond, Result, Uploaded
from bot.slack.fields import string
from bot.slack.files import FileHost
from bot.slack.not_slack import RedirectRefusedError, why_not_slack
from bot.slack.refusals import RATE_LIMITED, SLACK_FAILED
from bot.slack.token_state import TokenState

log = structlog.get_logger(__name__)

# The shortest wait after a 429, and the longest that is believed, in seconds. Where Slack names none that is one, it is
# the shortest: design for one call a second and method (Slack docs, Rate limits).
_DEFAULT_RETRY_AFTER, _LONGEST_RETRY_AFTER = 1.0, 86_400.0
# Less than what is left of a lease that is renewed in time (bot/mailbox/lease.py).
_CALL_SECONDS = 8.0
# For the bytes of a file, which nobody sees before it is shared: so the lease does not count.
_BYTES = aiohttp.ClientTimeout(total=60.0)
_PIECE = 256 * 1024
# The methods that make a message, whose `ts` is needed.
_MAKES_A_MESSAGE = frozenset({"chat.postMessage", "chat.startStream"})
NO_ANSWER = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError, AttributeError, ValueError)
"""What slack_sdk raises without a usable answer. The last two are for JSON that is no object and text that is no
UTF-8."""


# Slack redirects none of its methods, uploads and response URLs.
_ELSEWHERE = range(300, 400)
_ADDRESS_REFUSED = Refused("address_refused")
# As slack_sdk writes it, also to a response URL.
_JSON = {"Content-Type": "application/json;charset=utf-8"}


async def stay(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Follow no redirect, so that neither a token nor a text goes to an unknown address: a middleware of the session.

    Raises:
        aiohttp.ClientError: the answer is a redirect.
    """
    response = await send(request)
    if response.status in _ELSEWHERE:
        log.error("redirect refused", host=request.url.host, status=response.status)
        response.close()
        raise RedirectRefusedError(f"HTTP {response.status}, a redirect")
    return response


def new_session(network: Network = DIRECT) -> aiohttp.ClientSession:
    """The session for every Slack call; slack_sdk would open a connection for each call without one."""
    return network.session(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS), middlewares=(stay,))


def web_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """slack_sdk's client without its retries: it would repeat a post whose reply was lost, and post twice.

    The session decides on the proxy: slack_sdk by itself would take HTTPS_PROXY for every address.
    """
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
    client.proxy = None
    return client


class Wire:
    """Slack's Web API with one token. While `admission` says that it is refused, no call is made: each is Refused."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._web = web
        self._session = session
        self._addresses = Addresses(web.base_url)
        self.files = FileHost(session, web.token or "", self._addresses)
        """The bytes of files that people attached."""
        self.admission = TokenState()
        self.scopes: str | None = None
        """What the token was granted, as a header of Slack's says; None where none has come."""

    async def make(self, method: str, arguments: Mapping[str, object]) -> Result:
        """Make a writing call once. Faults of Slack or the network are results; they are never raised."""
        if objection := self.admission.objection(method):
            return Refused(objection)
        try:
            answer = await self._sent(method, arguments)
        except SlackApiError as error:
            return self._noted(_refusal(error.response))
        except NO_ANSWER as error:
            return Lost(f"{method}: {why(error)}")
        self.admission.answered()
        if method not in _MAKES_A_MESSAGE:
            return Accepted()
        ts = answer.get("ts")
        return Posted(ts) if isinstance(ts, str) else Lost(f"{method}: no ts")

    async def ask(self, method: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Make a reading call.

        Raises:
            SlackRefused: Slack refuses it.
            SlackUnavailable: no usable answer, or a rate limit.
            NotSlack: what answers is not Slack.
        """
        if objection := self.admission.objection(method):
            raise SlackRefused(method, objection)
        try:
            answer = await self._sent(method, arguments)
        except SlackApiError as error:
            raise self._reason(method, error) from None
        except NO_ANSWER as error:
            if reason := why_not_slack(error):
                raise NotSlack(f"{method}: {reason}") from None
            raise SlackUnavailable(f"{method}: {why(error)}") from None
        self.admission.answered()
        self.scopes = answer.headers.get("x-oauth-scopes", self.scopes)
        return answer.data if isinstance(answer.data, dict) else {}

    def _reason(self, method: str, error: SlackApiError) -> SlackRefused | SlackUnavailable:
        """Why a reading call has failed."""
        if reason := why_not_slack(error):
            return NotSlack(f"{method}: {reason}")
        result = self._noted(_refusal(error.response))
        if not isinstance(result, Refused):
            return SlackUnavailable(f"{method}: {result}")
        needed = error.response.data.get("needed") if isinstance(error.response.data, dict) else None
        return SlackRefused(method, result.error, needed if isinstance(needed, str) else "")

    async def send_file(self, name: str, content: bytes | bytearray) -> Result:
        """Upload a file that nobody sees yet: Uploaded. A lost reply of either step does no harm."""
        method = "files.getUploadURLExternal"
        if objection := self.admission.objection(method):
            return Refused(objection)
        try:
            answer = await self._sent(method, {"filename": name, "length": len(content)})
            url, file_id = answer.get("upload_url"), answer.get("file_id")
            if not isinstance(url, str) or not isinstance(file_id, str):
                return Lost(f"{method}: no address")
            return await self._put(url, content) or Uploaded(file_id)
        except SlackApiError as error:
            return self._noted(_refusal(error.response))
        except NO_ANSWER as error:
            return Lost(f"upload: {why(error)}")

    async def _sent(self, method: str, arguments: Mapping[str, object]) -> AsyncSlackResponse:
        """Make a call as slack_sdk's own method does, which knows the verb and the encoding: JSON for some, the query
        of a POST or a GET for others. Not every server of Slack's API takes each method in each form."""
        own: Callable[..., Awaitable[AsyncSlackResponse]] = getattr(self._web, method.replace(".", "_"))
        return await own(**arguments)

    async def _put(self, address: str, content: bytes | bytearray) -> Result | None:
        """Send a file's bytes to its upload address; None: they have arrived."""
        if not self._may_go_to(address, "an upload"):
            return _ADDRESS_REFUSED
        headers = {"Content-Length": str(len(content)), "Content-Type": "application/octet-stream"}
        async with self._session.post(address, data=_pieces(content), headers=headers, timeout=_BYTES) as sent:
            if sent.status == 429:
                return Limited(_seconds(sent.headers.get("Retry-After")))
            return None if sent.status == 200 else Lost(f"upload: {sent.status}")

    async def respond(self, call: Respond) -> Result:
        """Send a message to a response URL."""
        body = {
            "response_type": "ephemeral",
            "text": call.text,
            "blocks": list(call.blocks),
        }
        if not self._may_go_to(call.response_url, "a response"):
            return _ADDRESS_REFUSED
        try:
            async with self._session.post(call.response_url, json=body, headers=_JSON) as answer:
                if answer.status == 200:
                    return Accepted()
                if answer.status == 429:
                    return Limited(_seconds(answer.headers.get("Retry-After")))
                if answer.status >= 500:
                    return Lost(f"response URL: {answer.status}")
                return Refused((await answer.text())[:100])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Lost(f"response URL: {why(error)}")

    def _may_go_to(self, address: str, what_for: str) -> bool:
        objection = self._addresses.objection(address)
        if objection:
            log.error("address refused", what_for=what_for, reason=objection)
        return not objection

    def _noted(self, result: Result) -> Result:
        """Note what a result says about the token, and return it."""
        if isinstance(result, Refused):
            self.admission.answered(result.error)
        return result


def without_none(**values: object) -> dict[str, object]:
    """The arguments that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def messages(answer: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The messages on a page of a thread or channel."""
    found = answer.get("messages")
    return [message for message in found if isinstance(message, Mapping)] if isinstance(found, list) else []


def next_cursor(answer: Mapping[str, object]) -> str:
    """Where the next page begins; empty on the last one."""
    metadata = answer.get("response_metadata")
    return string(metadata, "next_cursor") if isinstance(metadata, Mapping) else ""


async def _pieces(content: bytes | bytearray) -> AsyncIterator[memoryview]:
    """A file in pieces: written at once, ten megabytes would hold up everything else."""
    view = memoryview(content)
    for start in range(0, len(view), _PIECE):
        yield view[start : start + _PIECE]


def _refusal(response: object) -> Result:
    if not isinstance(response, AsyncSlackResponse):
        return Lost("no JSON")  # a proxy's page: slack_sdk hands over the bare response then
    status, headers = response.status_code, response.headers
    error = response.data.get("error") if isinstance(response.data, dict) else None
    code = error if isinstance(error, str) else ""
    if status == 429 or code in RATE_LIMITED:
        return Limited(_seconds(headers.get("Retry-After") or headers.get("retry-after")))
    if status >= 500 or code in SLACK_FAILED or not code:
        return Lost(f"{status} {code}".strip())
    return Refused(code)


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        return _DEFAULT_RETRY_AFTER
    # One that is no number compares as False.
    return min(seconds, _LONGEST_RETRY_AFTER) if seconds >= _DEFAULT_RETRY_AFTER else _DEFAULT_RETRY_AFTER
