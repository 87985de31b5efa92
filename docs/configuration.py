"""Writes what is made of the configuration file's model: the tables of configuration.md, and the JSON schema.

Run it after a change of `bot/config/model.py`: python -m docs.configuration
"""

from __future__ import annotations

from pathlib import Path

from bot.config import reference
from docs.generated import between

ROOT = Path(__file__).parent.parent
PAPER = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "deploy" / "schemas" / "bot-config.schema.json"
EXAMPLE = ROOT / "deploy" / "bot.example.toml"


def paper(text: str) -> str:
    """The text of configuration.md with its example and its tables as they follow from the code."""
    text = between(text, "example", f"```toml\n{EXAMPLE.read_text(encoding='utf-8')}```")
    return between(text, "keys", reference.tables())


if __name__ == "__main__":
    PAPER.write_text(paper(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(reference.schema(), encoding="utf-8")
