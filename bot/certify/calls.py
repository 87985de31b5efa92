"""Makes the calls of the checks by the bot's own clients, within the budget that the running bots draw from too."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.pacing.governor import Governor
from bot.pacing.permits import Kind, Want
from bot.slack.calls import Call, Limited, Lost, Refused, Result, method_of
from bot.slack.client import SlackClient
from bot.slack.wire import Wire

# A call that is refused for its rate is made again so often, each time after the wait that Slack has asked for.
_TRIES = 4
_CODE = re.compile(r"[a-z][a-z_]{0,60}")
# They say something about the app's rights, and nothing about Slack.
_NO_RIGHT = frozenset({"missing_scope", "no_permission", "not_allowed_token_type", "not_in_channel", "not_enabled"})


class WrongError(Exception):
    """Something else was seen than is assumed. The text says what, without ids."""


class UnseenError(Exception):
    """It could not be seen. The text says why, without ids."""


class Calls:
    """The calls of one run. `now` is monotonic, in seconds. `client` makes those that the bot has a value for; it was
    asked for its identity before."""

    def __init__(
        self,
        client: SlackClient,
        web: AsyncWebClient,
        session: aiohttp.ClientSession,
        governor: Governor,
        *,
        now: Callable[[], float],
    ) -> None:
        self.client = client
        self.web = web
        self.session = session
        self._wire = Wire(web, session)
        self._governor = governor
        self._now = now

    async def make(self, call: Call) -> Result:
        """Make a call with a permit; again where there was one too many."""
        return await self._paced(method_of(call), call_channel(call), lambda: self.client.call(call))

    async def raw(self, method: str, channel: str, arguments: Mapping[str, object], *, limited: bool = True) -> Result:
        """Make a call that the bot has no value for. Without `limited` it needs no permit."""
        return await self._paced(method if limited else "", channel, lambda: self._wire.make(method, arguments))

    async def ask(self, method: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Make a reading call.

        Raises:
            UnseenError: Slack does not tell.
        """
        try:
            return await self._wire.ask(method, arguments)
        except SlackRefused as error:
            raise UnseenError(f"{method} was refused: {code(error.code)}") from None
        except SlackUnavailable:
            raise UnseenError(f"{method} got no usable answer") from None

    async def _paced(self, method: str, channel: str, do: Callable[[], Awaitable[Result]]) -> Result:
        wanted_at = self._now()
        # As a sentence of the bot's: answers of people go before it.
        want = Want(method, channel, Kind.FIRST, since=wanted_at, unseen=0, last_write=wanted_at)
        result: Result = Lost("not tried")
        for _ in range(_TRIES):
            permit = await self._governor.granted(lambda: want)
            result = await do()
            if not isinstance(result, Limited):
                break
            await self._governor.refused(permit, result.retry_after)
        return result


def call_channel(call: Call) -> str:
    """The channel that a call is for; empty for a response URL."""
    return getattr(call, "channel", "")


def code(error: str) -> str:
    """An error word of Slack's; what does not look like one is not repeated."""
    return error if _CODE.fullmatch(error) else "another error"


def taken(result: Result, what: str) -> Result:
    """The result of a call that should be taken.

    Raises:
        WrongError: Slack has refused it.
        UnseenError: nobody knows, or the app may not.
    """
    match result:
        case Refused(error=error) if error in _NO_RIGHT:
            raise UnseenError(f"the app may not: {error}")
        case Refused(error=error):
            raise WrongError(f"{what} was refused: {code(error)}")
        case Limited() | Lost():
            raise UnseenError(f"{what} got no usable answer")
    return result
