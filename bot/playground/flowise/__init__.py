"""Serves Flowise's API on this machine alone: it keeps Flowise's rules and needs no model.

It shares no code with `bot.flowise`: what judges a client must not believe the same mistakes.
"""

from __future__ import annotations

from bot.playground.flowise.agentflows import ORDER_FORM, STARTERS
from bot.playground.flowise.offers import OFFERED, Offer
from bot.playground.flowise.runs import Received
from bot.playground.flowise.scripts import Script
from bot.playground.flowise.server import LocalFlowise

__all__ = ["OFFERED", "ORDER_FORM", "STARTERS", "LocalFlowise", "Offer", "Received", "Script"]
