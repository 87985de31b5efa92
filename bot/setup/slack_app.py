"""Makes the Slack app, looks at its tokens, and says hello: the calls of Slack that only the set-up makes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import NotSlack, SlackRefused, SlackUnavailable
from bot.network.outgoing import Network, why
from bot.slack.fields import part, string
from bot.slack.not_slack import why_not_slack
from bot.slack.wire import NO_ANSWER, new_session, web_client, without_none

CONFIG_TOKEN, REFRESH_TOKEN = "xoxe.xoxp-", "xoxe-"
"""What an app configuration token begins with, and the refresh token beside it (Slack docs, App manifests)."""

# So many channels are offered at most: one in which the bot has just been invited is among the first.
_CHANNELS = 200


@dataclass(frozen=True, slots=True)
class Slack:
    """The base address of Slack's Web API, and the way there."""

    url: str
    network: Network


@dataclass(frozen=True, slots=True)
class CreatedApp:
    """An app that has just been made: its id, its signing secret, and where it is installed."""

    id: str
    signing_secret: str
    install_url: str


@dataclass(frozen=True, slots=True)
class Installed:
    """Whose a bot token is: the name of its bot and of the workspace."""

    bot: str
    team: str


async def create(slack: Slack, content: Mapping[str, object], token: str) -> CreatedApp:
    """Make an app from a manifest, with an app configuration token, or with the refresh token beside one.

    A refresh token is exchanged first; Slack then takes neither it nor the token that came with it any more.

    Raises:
        SlackRefused: Slack refuses the token or the manifest; the text says what it does not like.
        SlackUnavailable, NotSlack: no answer, or not Slack's.
    """
    if token.startswith(REFRESH_TOKEN):
        # In the body, not as slack_sdk's own method does, in the address: addresses are logged on the way.
        rotated = await _called(slack, "", "tooling.tokens.rotate", {"refresh_token": token})
        token = string(rotated, "token")
    made = await _called(slack, token, "apps.manifest.create", {"manifest": json.dumps(content)})
    secret = string(part(made, "credentials"), "signing_secret")
    return CreatedApp(string(made, "app_id"), secret, string(made, "oauth_authorize_url"))


async def installed(slack: Slack, bot_token: str) -> Installed:
    """Whose a bot token is. Raises as `create`."""
    who = await _called(slack, bot_token, "auth.test")
    return Installed(string(who, "user"), string(who, "team"))


async def connects(slack: Slack, app_token: str) -> None:
    """Check that Slack offers a Socket Mode connection for the app-level token. Raises as `create`."""
    await _called(slack, app_token, "apps.connections.open")


async def channels(slack: Slack, bot_token: str) -> dict[str, str]:
    """The ids of the public channels that the bot is in, by name. Raises as `create`."""
    wanted = {"types": "public_channel", "exclude_archived": "true", "limit": str(_CHANNELS)}
    answer = await _called(slack, bot_token, "users.conversations", wanted)
    rows = answer.get("channels")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return {string(row, "name"): string(row, "id") for row in found}


async def say(slack: Slack, bot_token: str, channel: str, text: str) -> None:
    """Post a message in a channel. Raises as `create`."""
    plain = {"channel": channel, "text": text, "unfurl_links": "false", "unfurl_media": "false"}
    await _called(slack, bot_token, "chat.postMessage", plain)


async def _called(
    slack: Slack, token: str, method: str, arguments: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    async with new_session(slack.network) as session:
        web = web_client(token, slack.url, session)
        return await _answer(method, lambda: _sent(web, method, arguments or {}))


async def _sent(web: AsyncWebClient, method: str, arguments: Mapping[str, str]) -> AsyncSlackResponse:
    return await web.api_call(method, data=without_none(**arguments))


async def _answer(method: str, call: Callable[[], Awaitable[AsyncSlackResponse]]) -> Mapping[str, object]:
    try:
        answer = await call()
    except SlackApiError as error:
        if reason := why_not_slack(error):
            raise NotSlack(f"{method}: {reason}") from None
        raise _refused(method, error.response) from None
    except NO_ANSWER as error:
        if reason := why_not_slack(error):
            raise NotSlack(f"{method}: {reason}") from None
        raise SlackUnavailable(f"{method}: {why(error)}") from None
    return answer.data if isinstance(answer.data, dict) else {}


def _refused(method: str, response: object) -> SlackRefused | SlackUnavailable:
    data = response.data if isinstance(response, AsyncSlackResponse) and isinstance(response.data, dict) else {}
    error = string(data, "error")
    if not error:
        return SlackUnavailable(f"{method}: no JSON")
    found = "; ".join(objections(data))
    return SlackRefused(method, f"{error} ({found})" if found else error)


def objections(data: Mapping[str, object]) -> list[str]:
    """What Slack does not like about a manifest, each with its place there."""
    rows = data.get("errors")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return [" at ".join(filter(None, (string(row, "message"), string(row, "pointer")))) for row in found]
