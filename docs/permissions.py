"""Writes the table of scopes in data.md from the bot's own list.

Run it after a change of `bot/slack/permissions.py`: python -m docs.permissions
"""

from __future__ import annotations

from pathlib import Path

from bot.slack.permissions import used
from docs.generated import between

PAPER = Path(__file__).parent / "data.md"


def table() -> str:
    """The scopes as a table."""
    rows = ["| scope | what it is for | what is missing without it |", "|---|---|---|"]
    rows += [f"| `{scope.name}` | {scope.use} | {scope.without} |" for scope in used(email=True, agent=True)]
    return "\n".join(rows)


def paper(text: str) -> str:
    """The text of data.md with its table as it follows from the code."""
    return between(text, "scopes", table())


if __name__ == "__main__":
    PAPER.write_text(paper(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
