"""Knows the local Slack: a small server that keeps Slack's rules, for the demo and the tests."""

from __future__ import annotations

from bot.playground.slack.delivery import Delivered, Patience
from bot.playground.slack.message import Edit, File, Message, Ping, Preview
from bot.playground.slack.server import LocalSlack
from bot.playground.slack.web import ApiCall
from bot.playground.slack.window import Window

__all__ = ["ApiCall", "Delivered", "Edit", "File", "LocalSlack", "Message", "Patience", "Ping", "Preview", "Window"]
