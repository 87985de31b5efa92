"""Checks what Slack reveals about the app without a message being written: tokens, scopes, Socket Mode, the clock.

Event subscriptions, slash commands, the Request URL and the signing secret can be read only with an app configuration
token, which the bot has no other use for. They are reported as unknown, with the place to check them by eye.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.doctor.clock import clock
from bot.doctor.findings import About, Finding
from bot.network.outgoing import why
from bot.slack.not_slack import EXPECTED, why_not_slack
from bot.slack.permissions import ADD_A_SCOPE, missing, named_in, used
from bot.slack.permissions import events as subscribed
from bot.slack.refusals import RATE_LIMITED, SLACK_FAILED, SOCKET_MODE_OFF, UNINSTALLED
from bot.slack.wire import NO_ANSWER

SLACK = About("Slack")

_APP = "At api.slack.com/apps, open your app"
_INSTALL = f"{_APP}, Install App: install it, and copy the Bot User OAuth Token (xoxb-...) to SLACK_BOT_TOKEN."
COPY = f"{_APP}, OAuth & Permissions: copy the Bot User OAuth Token (xoxb-...) to SLACK_BOT_TOKEN."
_ROTATION = "Token rotation is on and cannot be turned off: create the app again from the manifest."
APP_LEVEL = (
    f"{_APP}, Basic Information, App-Level Tokens, Generate Token and Scopes: create a token with connections:write, "
    "and copy it (xapp-...) to SLACK_APP_TOKEN."
)
_SWITCH_ON = f"{_APP}, Socket Mode: turn on Enable Socket Mode."
_NOT_SLACK = f"Check SLACK_API_URL: {EXPECTED}. If it is right, look at the proxy on the way."
_UNREACHABLE = "Check SLACK_API_URL and the network, proxy and firewall on the way. For outages see slack-status.com."

# App-level tokens contain the app's id: xapp-1-A0123ABCD-<digits>-<hex digits>. That is not documented.
_APP_OF_TOKEN = re.compile(r"xapp-\d+-(A[0-9A-Z]+)-")


@dataclass(frozen=True, slots=True)
class SlackAnswer:
    """Slack's response to a call.

    Attributes:
        data: the JSON body; empty if there is none.
        headers: the HTTP headers.
        at: when it arrived, by this machine's clock, in epoch seconds.
        error: Slack's error code; empty if the call succeeded.
        unreachable: why there was no usable response; empty if there was one.
        stranger: why what has answered is not Slack's API; empty if it may be.
    """

    data: Mapping[str, object]
    headers: Mapping[str, str]
    at: float
    error: str = ""
    unreachable: str = ""
    stranger: str = ""

    @property
    def done(self) -> bool:
        return not (self.error or self.unreachable or self.stranger)


async def slack(
    web: AsyncWebClient,
    app_token: str | None,
    command: str,
    *,
    email: bool = False,
    agent: bool = False,
    wall: Callable[[], float],
) -> list[Finding]:
    """All findings about Slack. `app_token` is None if Slack sends events over HTTP; `email`: a setting wants people's
    e-mail addresses; `agent`: BOT_AGENT_VIEW; `wall` returns epoch seconds."""
    opening = _asked(lambda: web.apps_connections_open(app_token=app_token or ""), wall) if app_token else None
    # Concurrently, so that both take the time of one.
    if opening is None:
        identity, opened = await _asked(web.auth_test, wall), None
    else:
        identity, opened = await asyncio.gather(_asked(web.auth_test, wall), opening)
    by_http = opened is None
    findings = [bot_token(identity)]
    if identity.done:
        date = identity.headers.get("Date", "")
        findings += [scopes(identity, email=email, agent=agent), clock(SLACK, date, identity.at, signed=by_http)]
    findings += [socket_mode(opened) if opened else signing_secret()]
    bot_id = identity.data.get("bot_id")
    if identity.done and opened and opened.done and app_token and isinstance(bot_id, str):
        findings += same_app(await _asked(lambda: web.bots_info(bot=bot_id), wall), app_token)
    return [*findings, events(command, by_http=by_http, agent=agent)]


def bot_token(answer: SlackAnswer) -> Finding:
    """The finding about SLACK_BOT_TOKEN, from the response to auth.test."""
    if answer.done and not answer.data.get("user_id"):
        return _refused("bot token", replace(answer, stranger="an answer that names no user"), COPY)
    if answer.done:
        user, team = (str(answer.data.get(key) or "?") for key in ("user", "team"))
        return SLACK.well("bot token", f"valid for @{user} in {team} ({answer.data.get('team_id') or '?'})")
    advice = _INSTALL if answer.error in UNINSTALLED else _ROTATION if answer.error == "token_expired" else COPY
    return _refused("bot token", answer, advice)


def scopes(answer: SlackAnswer, *, email: bool = False, agent: bool = False) -> Finding:
    """The finding about the bot token's scopes, which Slack sends in a header of every response."""
    granted, needed = answer.headers.get("x-oauth-scopes"), used(email=email, agent=agent)
    if granted is None:
        names = ", ".join(scope.name for scope in needed)
        do = f"{_APP}, OAuth & Permissions, Bot Token Scopes: the list should contain {names}."
        return SLACK.unknown("scopes", "Slack did not say which scopes the token has", do)
    lacking = missing(named_in(granted), email=email, agent=agent)
    if not lacking:
        return SLACK.well("scopes", f"all {len(needed)} that the bot uses")
    found = "; ".join(f"{scope.name} is missing: {scope.without}" for scope in lacking)
    do = f"{_APP}, {ADD_A_SCOPE}."
    if all(scope.noticed for scope in lacking):
        return SLACK.warning("scopes", found, do)
    return SLACK.wrong("scopes", found, do)


def socket_mode(answer: SlackAnswer) -> Finding:
    """The finding about SLACK_APP_TOKEN, from the response to apps.connections.open.

    The returned address is not connected to: Slack would send events there that nobody answers.
    """
    if answer.done:
        return SLACK.well("app token", "valid; Slack offers a Socket Mode connection")
    return _refused("app token", answer, _SWITCH_ON if answer.error in SOCKET_MODE_OFF else APP_LEVEL)


def same_app(answer: SlackAnswer, app_token: str) -> list[Finding]:
    """The finding about whether both tokens belong to one app, from the response to bots.info.

    If they do not, every other check passes but no event arrives. No finding if it cannot be determined: without the
    scope users:read, or if app-level tokens take another form one day.
    """
    bot = answer.data.get("bot")
    of_bot = bot.get("app_id") if isinstance(bot, dict) else None
    named = _APP_OF_TOKEN.match(app_token)
    if named is None or not isinstance(of_bot, str):
        return []
    if of_bot == named[1]:
        return [SLACK.well("app", f"both tokens belong to {of_bot}")]
    do = f"Take both tokens from one app. The bot token's is api.slack.com/apps/{of_bot}."
    found = f"the bot token belongs to {of_bot}, the app-level token to {named[1]}: the bot receives no events"
    return [SLACK.wrong("app", found, do)]


def signing_secret() -> Finding:
    """The finding about SLACK_SIGNING_SECRET, which only a request from Slack could prove right."""
    return SLACK.unknown(
        "signing secret",
        "only a request from Slack shows whether it is the app's",
        f"{_APP}, Basic Information, App Credentials: compare the Signing Secret. While the bot is running, the "
        "Request URL under Event Subscriptions should be marked Verified.",
    )


def events(command: str, *, by_http: bool, agent: bool = False) -> Finding:
    """The finding about subscriptions and the slash command, which only a person can check."""
    names = ", ".join(subscribed(agent=agent))
    address = ", each with the Request URL" if by_http else ""
    return SLACK.unknown(
        "events",
        "Slack does not tell the bot which events its app is subscribed to",
        f"{_APP}. Event Subscriptions, Subscribe to bot events should list {names}; Slash Commands should list "
        f"{command}{address}. App Home, Messages Tab should allow users to send messages.",
    )


def _refused(check: str, answer: SlackAnswer, advice: str) -> Finding:
    if answer.stranger:
        return SLACK.wrong(check, f"what answers is not Slack's Web API ({answer.stranger})", _NOT_SLACK)
    if answer.unreachable or answer.error in SLACK_FAILED:
        return SLACK.wrong(check, f"cannot reach Slack ({answer.unreachable or answer.error})", _UNREACHABLE)
    if answer.error in RATE_LIMITED:
        return SLACK.unknown(check, "Slack is rate limiting this app at the moment", "Try again in a minute.")
    return SLACK.wrong(check, f"Slack rejected it ({answer.error})", advice)


async def _asked(call: Callable[[], Awaitable[AsyncSlackResponse]], wall: Callable[[], float]) -> SlackAnswer:
    try:
        return _read(await call(), wall())
    except (SlackApiError, *NO_ANSWER) as error:
        if stranger := why_not_slack(error):
            return SlackAnswer({}, {}, wall(), stranger=stranger)
        if isinstance(error, SlackApiError) and isinstance(error.response, AsyncSlackResponse):
            return _read(error.response, wall())
        return SlackAnswer({}, {}, wall(), unreachable=why(error))


def _read(response: AsyncSlackResponse, at: float) -> SlackAnswer:
    data = response.data if isinstance(response.data, dict) else {}
    if data.get("ok") is True:
        return SlackAnswer(data, response.headers, at)
    error = data.get("error")
    if not isinstance(error, str) or response.status_code >= 500:
        return SlackAnswer(data, response.headers, at, unreachable=f"HTTP {response.status_code}")
    return SlackAnswer(data, response.headers, at, error=error)
