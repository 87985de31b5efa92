"""Builds the modal with one optional field, and reads what is submitted with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack import wording
from bot.slack.fields import part, string
from bot.slack.text.escaping import clean

_FIELD = "comment"
# The most that one field takes (Slack docs, Plain-text input element).
_LONGEST_COMMENT = 3_000


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person has sent with a modal: the `private` data that it was opened with, and the comment.

    `teams` are the ids that the payload gives for the organisation of that person.
    """

    user: str
    private: str
    comment: str
    teams: tuple[str, ...] = ()


def comment_view(callback_id: str, private: str, *, title: str, above: str) -> dict[str, object]:
    """A modal with the sentence `above` one optional field. `title` has at most 24 characters, `private`, which comes
    back with its submission, 3,000 (Slack docs, Modals)."""
    field = {"type": "plain_text_input", "action_id": _FIELD, "multiline": True, "max_length": _LONGEST_COMMENT}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private,
        "title": _plain(title),
        "submit": _plain(wording.SEND),
        "close": _plain(wording.CANCEL),
        "blocks": [
            {"type": "section", "text": _plain(above)},
            {
                "type": "input",
                "block_id": _FIELD,
                "optional": True,
                "label": _plain(wording.COMMENT),
                "element": field,
            },
        ],
    }


def submission(body: Mapping[str, object]) -> Submission:
    """The values of a `view_submission` payload."""
    user, view = part(body, "user"), part(body, "view")
    field = part(part(part(part(view, "state"), "values"), _FIELD), _FIELD)
    return Submission(
        user=string(user, "id"),
        private=string(view, "private_metadata"),
        comment=clean(string(field, "value"))[:_LONGEST_COMMENT].strip(),
        teams=tuple(filter(None, [string(user, "team_id")])),
    )


def objection(sentence: str) -> dict[str, Any]:
    """What keeps a modal open, with what was written in it, and says why."""
    return {"response_action": "errors", "errors": {_FIELD: sentence}}


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}
