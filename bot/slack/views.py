"""Builds modals, those that are only read and that with one optional field, and reads what is submitted with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.slack import wording
from bot.slack.fields import part, string
from bot.slack.text.block import Blocks
from bot.slack.text.escaping import clean

_FIELD = "comment"
# The most that one field takes (Slack docs, Plain-text input element).
_LONGEST_COMMENT = 3_000


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person has sent with a modal: the `private` data that it was opened with, and the comment.

    `teams` are the ids that the payload gives for the organisation of that person. `values` has, by the id of its
    block, each field's name and what was written or chosen there.
    """

    user: str
    private: str
    comment: str
    teams: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def reading_view(title: str, blocks: Blocks) -> dict[str, object]:
    """A modal that is only read. `title` has at most 24 characters (Slack docs, Modals)."""
    return {"type": "modal", "title": plain(title), "close": plain(wording.CLOSE), "blocks": list(blocks)}


def comment_view(callback_id: str, private: str, *, title: str, above: str) -> dict[str, object]:
    """A modal with the sentence `above` one optional field. `title` has at most 24 characters, `private`, which comes
    back with its submission, 3,000 (Slack docs, Modals)."""
    element = {"type": "plain_text_input", "action_id": _FIELD, "multiline": True, "max_length": _LONGEST_COMMENT}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private,
        "title": plain(title),
        "submit": plain(wording.SEND),
        "close": plain(wording.CANCEL),
        "blocks": [
            {"type": "section", "text": plain(above)},
            {
                "type": "input",
                "block_id": _FIELD,
                "optional": True,
                "label": plain(wording.COMMENT),
                "element": element,
            },
        ],
    }


def submission(body: Mapping[str, object]) -> Submission:
    """The values of a `view_submission` payload."""
    user, view = part(body, "user"), part(body, "view")
    values = part(part(view, "state"), "values")
    comment = part(part(values, _FIELD), _FIELD)
    return Submission(
        user=string(user, "id"),
        private=string(view, "private_metadata"),
        comment=clean(string(comment, "value"))[:_LONGEST_COMMENT].strip(),
        teams=tuple(filter(None, [string(user, "team_id")])),
        values={block: _value(part(values, block)) for block in values},
    )


def _value(block: Mapping[str, object]) -> tuple[str, str]:
    name = next(iter(block), "")
    given = part(block, name)
    return name, string(given, "value") or string(part(given, "selected_option"), "value")


def objection(told: str | Mapping[str, str], sent: Submission) -> dict[str, Any]:
    """What keeps a modal open, with what was written in it, and says why: of each field by its block, or in all."""
    errors = {next(iter(sent.values), _FIELD): told} if isinstance(told, str) else dict(told)
    return {"response_action": "errors", "errors": errors}


def plain(text: str) -> dict[str, object]:
    """A text in which nothing has an effect."""
    return {"type": "plain_text", "text": text, "emoji": False}
