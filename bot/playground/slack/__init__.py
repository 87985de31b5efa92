"""Serves Slack's APIs on this machine and keeps Slack's rules, for the demo and the tests."""

from __future__ import annotations

from bot.playground.slack.client_state import ClientState
from bot.playground.slack.delivery import Delivered, DeliveryTimeouts
from bot.playground.slack.message import Edit, File, Message, Ping, Preview
from bot.playground.slack.server import LocalSlack
from bot.playground.slack.web import ApiCall

__all__ = [
    "ApiCall",
    "ClientState",
    "Delivered",
    "DeliveryTimeouts",
    "Edit",
    "File",
    "LocalSlack",
    "Message",
    "Ping",
    "Preview",
]
