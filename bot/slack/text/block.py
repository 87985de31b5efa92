"""Names the types of Block Kit's blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Block: TypeAlias = Mapping[str, object]
"""A Block Kit block as Slack's JSON has it."""

Blocks: TypeAlias = tuple[Block, ...]
