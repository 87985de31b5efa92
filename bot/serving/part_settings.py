"""Gives the parts of the bot their settings, as they want them."""

from __future__ import annotations

from bot.conversation.question import ConversationSettings
from bot.reply.observed import Answers
from bot.reply.steps_support import ShowSteps
from bot.reply.streams import Mode
from bot.settings.settings import Settings
from bot.slack import asker
from bot.slack.deciders import deciders
from bot.slack.help_contact import asks
from bot.slack.text import link_hosts
from bot.workspace.process import DeliverySettings


def delivery_of(settings: Settings, answers: Answers) -> DeliverySettings:
    """How answers are written; `answers` are told of each."""
    return DeliverySettings(
        settings.slack_edit_interval,
        settings.bot_most_messages,
        Mode(settings.slack_delivery) if settings.slack_delivery else None,
        settings.slack_rate_scale,
        asks(settings.bot_help_contact),
        answers,
        ShowSteps(settings.bot_show_steps),
        link_hosts.read(settings.bot_link_hosts),
        settings.bot_agent_view,
    )


def conversations_of(settings: Settings) -> ConversationSettings:
    """What holds for conversations with all flows."""
    return ConversationSettings(
        context_messages=settings.bot_context_messages,
        regenerate=settings.bot_regenerate,
        who_decides=deciders(settings.bot_decisions).sentence,
        file_limit=settings.bot_file_limit,
        outsiders_files=settings.bot_external_people == "answer",
        introduced=asker.introduced(settings.bot_introduce),
    )
