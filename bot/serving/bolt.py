"""Sets up Bolt with its handlers, and asks Slack who the bot is."""

from __future__ import annotations

import asyncio
import logging
import os

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotSlack, SettingsError, SlackRefused
from bot.serving.socket_mode import open_connection
from bot.settings.settings import Settings
from bot.slack.client import SlackClient
from bot.slack.deciders import deciders
from bot.slack.identity import Identity
from bot.slack.not_slack import EXPECTED
from bot.workspace.registry import Registry
from bot.workspace.workspace import Workspace
from handlers import register
from handlers.behaviour import Behaviour
from handlers.installations import finding_the_workspace


def slack_app(settings: Settings, web_api: AsyncWebClient, registry: Registry) -> AsyncApp:
    """Bolt with all handlers, for the workspaces of the registry; `web_api` opens its connections."""
    # Bolt turns to OAuth by itself where it finds these two, and would then ignore the bot token.
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        os.environ.pop(name, None)

    async def authorize(workspace: Workspace) -> AuthorizeResult:
        # Known since the start. Bolt's own way asks auth.test, and acknowledges and drops the event when that fails.
        who = workspace.identity
        return AuthorizeResult(
            enterprise_id=who.enterprise or None, team_id=who.team, bot_id=who.bot_id, bot_user_id=who.bot_user
        )

    secret = settings.slack_signing_secret
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.ERROR)  # while it is made, Bolt warns that a token stands beside `authorize`: as we want it
    app = AsyncApp(
        name="flowise-slack",  # or Bolt reads the source of every caller up to main, 30 ms of a start, to find a name
        client=web_api,
        logger=logger,
        signing_secret=secret.get_secret_value() if secret else "unused in Socket Mode",
        before_authorize=finding_the_workspace(registry),
        authorize=authorize,
        attaching_conversation_kwargs_enabled=False,
    )
    logger.setLevel(logging.WARNING)
    register(app, behaviour_of(settings))
    return app


def behaviour_of(settings: Settings) -> Behaviour:
    """How the bot behaves towards people."""
    return Behaviour(
        command=settings.slack_command,
        ignores_small_talk=settings.bot_small_talk == "ignore",
        deciders=deciders(settings.bot_decisions),
        agent_view=settings.bot_agent_view,
        everyone_stops=settings.bot_stop == "everyone",
    )


async def _identity(slack: SlackClient) -> Identity:
    try:
        return await slack.identity()
    except SlackRefused as error:
        raise SettingsError(
            f"SLACK_BOT_TOKEN: Slack refuses it ({error.code}); expected the bot token of an installed app"
        ) from None


async def introduced(slack: SlackClient, web_api: AsyncWebClient, app_token: str) -> tuple[Identity, str]:
    """Who we are, and the address of a Socket Mode connection, empty for HTTP: one Slack call's time for both.

    Raises:
        SettingsError: Slack refuses a token, or what answers is not Slack: no later try would be any better.
        SlackUnavailable: Slack does not answer.
    """
    address = open_connection(web_api, app_token) if app_token else asyncio.sleep(0, "")
    answers = await asyncio.gather(_identity(slack), address, return_exceptions=True)
    match answers:
        case Identity() as identity, str() as opened:
            return identity, opened
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    for error in errors:
        match error:
            case SettingsError():
                raise error
            case NotSlack():
                raise SettingsError(
                    f"SLACK_API_URL: what answers there is not Slack's Web API ({error}); {EXPECTED}. If it is right, "
                    "look at the proxy on the way"
                )
    raise errors[0]
