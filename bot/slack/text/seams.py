"""Says how the parts of a text that was cut join each other."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.text.rich_text import GAP


@dataclass(frozen=True, slots=True)
class Seam:
    """How a source that goes on with a cut block joins the source before it.

    `joint` precedes its first piece; `number` is that of its first list item where the list is ordered; `table`
    says that it begins with the header of the table before, of which it has the next rows. `tight`: no blank line
    precedes it, so a list with which it begins has none before it either.
    """

    joint: str = GAP
    number: int | None = None
    table: bool = False
    tight: bool = False


FRESH = Seam()
"""The seam of a source that begins with a block of its own."""
