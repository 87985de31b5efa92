"""Knows what Slack tells of its app without a message being written: the tokens, their scopes, Socket Mode, its clock.

Which events an app is subscribed to, its commands, its request address and its signing secret can be read only with an
app configuration token, which the bot has no other use for. So they are said to be unknown.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.doctor.clock import clock
from bot.doctor.findings import About, Finding
from bot.network.outgoing import why
from bot.slack.permissions import EVENTS, SCOPES

SLACK = About("Slack")

_APP = "api.slack.com/apps, your app"
_INSTALL = f"{_APP}, Install App: install it, and copy the Bot User OAuth Token (xoxb-...) into SLACK_BOT_TOKEN."
_COPY = f"{_APP}, OAuth & Permissions: copy the Bot User OAuth Token (xoxb-...) into SLACK_BOT_TOKEN."
_APP_LEVEL = (
    f"{_APP}, Basic Information, App-Level Tokens, Generate Token and Scopes: make one with connections:write, and "
    "copy it (xapp-...) into SLACK_APP_TOKEN."
)
_SWITCH_ON = f"{_APP}, Socket Mode: switch on Enable Socket Mode."
_AWAY = "Check SLACK_API_URL, and the way out: network, proxy, firewall. Slack's own troubles are on slack-status.com."

# Slack's error words for a token (Slack docs, errors of auth.test and apps.connections.open).
_TOKEN_ADVICE = {
    "token_revoked": _INSTALL,
    "account_inactive": _INSTALL,
    "token_expired": "Token rotation is on, which cannot be undone: make the app anew from the manifest.",
}
_APP_TOKEN_ADVICE = {
    "socket_mode_disabled": _SWITCH_ON,
    "forbidden_team": _SWITCH_ON,
    "access_denied": _SWITCH_ON,
}
# App-level tokens name their app: xapp-1-A0123ABCD-<digits>-<hex digits>. That is not documented.
_APP_OF_TOKEN = re.compile(r"xapp-\d+-(A[0-9A-Z]+)-")
_LIMITED = frozenset({"ratelimited", "rate_limited"})
_TROUBLES = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# The last two: slack_sdk stumbles over JSON that is no object, and over text that is no UTF-8.
_NO_ANSWER = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class SlackAnswer:
    """What Slack has said to a call, and our time then, in epoch seconds. `error` is empty where the call was done;
    `away` says why there was no answer to read."""

    data: Mapping[str, object]
    headers: Mapping[str, str]
    at: float
    error: str = ""
    away: str = ""

    @property
    def done(self) -> bool:
        return not self.error and not self.away


async def slack(
    web: AsyncWebClient, app_token: str | None, command: str, *, wall: Callable[[], float]
) -> list[Finding]:
    """Everything about Slack. `app_token` is None where Slack comes by HTTP; `wall` gives epoch seconds."""
    opening = _asked(lambda: web.apps_connections_open(app_token=app_token or ""), wall) if app_token else None
    # Side by side, for the time of one.
    if opening is None:
        known, opened = await _asked(web.auth_test, wall), None
    else:
        known, opened = await asyncio.gather(_asked(web.auth_test, wall), opening)
    by_http = opened is None
    findings = [bot_token(known)]
    if known.done:
        findings += [scopes(known), clock(SLACK, known.headers.get("Date", ""), known.at, signed=by_http)]
    findings += [socket_mode(opened) if opened else signing_secret()]
    bot_id = known.data.get("bot_id")
    if known.done and opened and opened.done and app_token and isinstance(bot_id, str):
        findings += same_app(await _asked(lambda: web.bots_info(bot=bot_id), wall), app_token)
    return [*findings, events(command, by_http=by_http)]


def bot_token(answer: SlackAnswer) -> Finding:
    """SLACK_BOT_TOKEN, by what auth.test said."""
    if answer.done:
        who, where = (str(answer.data.get(key) or "?") for key in ("user", "team"))
        return SLACK.well("bot token", f"it is @{who} in {where} ({answer.data.get('team_id') or '?'})")
    return _refused("bot token", answer, _TOKEN_ADVICE, _COPY)


def scopes(answer: SlackAnswer) -> Finding:
    """What the bot token may do, which Slack sends along with every answer."""
    told = answer.headers.get("x-oauth-scopes")
    if told is None:
        return SLACK.unknown("scopes", "Slack has not said which the token has", _named_scopes())
    had = {name.strip() for name in told.split(",")}
    missing = [scope for scope in SCOPES if scope.name not in had]
    if not missing:
        return SLACK.well("scopes", f"all {len(SCOPES)} that the bot uses")
    found = "; ".join(f"{scope.name} is missing: {scope.without}" for scope in missing)
    do = f"{_APP}, OAuth & Permissions, Bot Token Scopes, Add an OAuth Scope; then Install App, Reinstall."
    if all(scope.told for scope in missing):
        return SLACK.warning("scopes", found, do)
    return SLACK.wrong("scopes", found, do)


def _named_scopes() -> str:
    names = ", ".join(scope.name for scope in SCOPES)
    return f"{_APP}, OAuth & Permissions, Bot Token Scopes: {names} should stand there."


def socket_mode(answer: SlackAnswer) -> Finding:
    """SLACK_APP_TOKEN, by what apps.connections.open said.

    The address is not connected to: Slack would send events to that connection which nobody answers.
    """
    if answer.done:
        return SLACK.well("app token", "Slack opens Socket Mode for it")
    return _refused("app token", answer, _APP_TOKEN_ADVICE, _APP_LEVEL)


def same_app(answer: SlackAnswer, app_token: str) -> list[Finding]:
    """Whether both tokens are of one app, by what bots.info said of the bot.

    If they are not, everything is good but no event comes. Nothing is said where it cannot be seen: without the scope
    users:read, or if Slack should make app-level tokens otherwise some day.
    """
    bot = answer.data.get("bot")
    of_bot = bot.get("app_id") if isinstance(bot, dict) else None
    named = _APP_OF_TOKEN.match(app_token)
    if named is None or not isinstance(of_bot, str):
        return []
    if of_bot == named[1]:
        return [SLACK.well("app", f"both tokens are of {of_bot}")]
    do = f"Take both from the same one: api.slack.com/apps/{of_bot} for that of the bot token."
    found = f"the bot token is of {of_bot}, the app-level token of {named[1]}: events of the one never come"
    return [SLACK.wrong("app", found, do)]


def signing_secret() -> Finding:
    """SLACK_SIGNING_SECRET, of which only a request of Slack's could show whether it is the app's."""
    return SLACK.unknown(
        "signing secret",
        "whether it is the app's shows with Slack's first request",
        f"{_APP}, Basic Information, App Credentials: compare the Signing Secret; Event Subscriptions: at the Request "
        "URL Verified should stand while the bot is running.",
    )


def events(command: str, *, by_http: bool) -> Finding:
    """The subscriptions and the command, which only a person can look at."""
    names = ", ".join(EVENTS)
    address = ", each with the Request URL" if by_http else ""
    return SLACK.unknown(
        "events",
        "Slack does not tell the bot what its app is subscribed to",
        f"{_APP}, Event Subscriptions, Subscribe to bot events: {names} should stand there; Slash Commands: {command}"
        f"{address}; App Home, Messages Tab: allow users to send messages.",
    )


def _refused(check: str, answer: SlackAnswer, advice: Mapping[str, str], otherwise: str) -> Finding:
    if answer.away or answer.error in _TROUBLES:
        return SLACK.wrong(check, f"Slack does not answer ({answer.away or answer.error})", _AWAY)
    if answer.error in _LIMITED:
        return SLACK.unknown(check, "Slack limits our calls just now", "Ask again in a minute.")
    return SLACK.wrong(check, f"Slack refuses it ({answer.error})", advice.get(answer.error, otherwise))


async def _asked(call: Callable[[], Awaitable[AsyncSlackResponse]], wall: Callable[[], float]) -> SlackAnswer:
    try:
        return _read(await call(), wall())
    except SlackApiError as error:
        if isinstance(error.response, AsyncSlackResponse):
            return _read(error.response, wall())
        return SlackAnswer({}, {}, wall(), away="something else than Slack's API answers there")
    except _NO_ANSWER as error:
        return SlackAnswer({}, {}, wall(), away=why(error))


def _read(response: AsyncSlackResponse, at: float) -> SlackAnswer:
    data = response.data if isinstance(response.data, dict) else {}
    if data.get("ok") is True:
        return SlackAnswer(data, response.headers, at)
    error = data.get("error")
    if not isinstance(error, str) or response.status_code >= 500:
        return SlackAnswer(data, response.headers, at, away=f"HTTP {response.status_code}")
    return SlackAnswer(data, response.headers, at, error=error)
