"""Stands before Flowise: forwards to any flow or server, records what goes by, and makes faults."""

from __future__ import annotations

from bot.playground.tap.faults import FAULTS, Fault
from bot.playground.tap.tap import Tap

__all__ = ["FAULTS", "Fault", "Tap"]
