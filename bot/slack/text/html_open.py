"""What may be open in HTML's text: marks around words, lists, a table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Mark:
    """A mark around text, such as `**`: written before its first character and after its last one."""

    name: str
    opening: str
    closing: str
    is_written: bool = False


@dataclass(slots=True)
class OpenList:
    """A list that is open: the number of its next item, and the width of the mark of its last one."""

    number: int | None
    width: int = 2


@dataclass(slots=True)
class OpenTable:
    """A table that is open: the cells of its row, its columns and its rows so far, and the cell that is open, with how
    many more columns it spans."""

    row: list[str] = field(default_factory=list)
    columns: int = 0
    rows: int = 0
    cell: list[str] | None = None
    spanned: int = 0
    before: tuple[str, int] = ("", 0)
    """What stands before the table: its last character, and its line ends."""
