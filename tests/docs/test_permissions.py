"""The table of scopes in the documents is the bot's own list."""

from __future__ import annotations

from bot.slack.permissions import OF_EMAIL, SCOPES
from docs import permissions


def test_the_table_of_scopes_is_made_of_the_bot_s_own_list() -> None:
    text = permissions.PAPER.read_text(encoding="utf-8")
    assert text == permissions.paper(text), "run: python -m docs.permissions"
    for scope in (*SCOPES, OF_EMAIL):
        assert f"| `{scope.name}` | {scope.use} | {scope.without} |" in text
