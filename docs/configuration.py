"""Writes what is made of the configuration file's model: the tables of configuration.md, and the JSON schema.

Run it after a change of `bot/config/model.py`: python -m docs.configuration
"""

from __future__ import annotations

import re
from pathlib import Path

from bot.config import reference

ROOT = Path(__file__).parent.parent
PAPER = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "deploy" / "schemas" / "bot-config.schema.json"
EXAMPLE = ROOT / "deploy" / "bot.example.toml"


def paper(text: str) -> str:
    """The text of configuration.md with its example and its tables as they follow from the code."""
    text = _between(text, "example", f"```toml\n{EXAMPLE.read_text(encoding='utf-8')}```")
    return _between(text, "keys", reference.tables())


def _between(text: str, name: str, made: str) -> str:
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text)


if __name__ == "__main__":
    PAPER.write_text(paper(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(reference.schema(), encoding="utf-8")
