"""The modal with one optional field is one that Slack takes, and what is sent with it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.playground.slack.view_methods import check
from bot.slack.text.decision_blocks import button_text
from bot.slack.views import Submission, comment_view, objection, submission
from bot.slack.wording import DECISION_TITLE, decision_chosen


@pytest.mark.parametrize("label", ["Proceed", "<!channel> " + "x" * 500, "\n"])
def test_slack_takes_the_modal_whatever_the_label(label: str) -> None:
    view = comment_view(
        "name",
        json.dumps(["line", "ref", True, "1.0"]),
        title=DECISION_TITLE,
        above=decision_chosen(button_text(label)),
    )
    check(json.loads(json.dumps(view)), "modal")


def payload(value: object, **view: object) -> dict[str, Any]:
    values = {"comment": {"comment": {"type": "plain_text_input", "value": value}}}
    return {
        "user": {"id": "U1", "team_id": "T1"},
        "view": {"private_metadata": "private", "state": {"values": values}} | view,
    }


@pytest.mark.parametrize(
    ("value", "comment"),
    [("  well \n", "well"), (None, ""), (5, ""), ("a\x00b\r\nc", "ab\nc"), ("x" * 5_000, "x" * 3_000)],
)
def test_what_is_sent_is_read(value: object, comment: str) -> None:
    sent = submission(payload(value))
    assert (sent.user, sent.private, sent.comment, sent.teams) == ("U1", "private", comment, ("T1",))


def test_what_is_not_there_is_empty() -> None:
    assert submission({}) == Submission("", "", "")
    assert submission(payload("x", state={"values": []})) == Submission("U1", "private", "", ("T1",))


def test_an_objection_stands_at_the_field() -> None:
    told = {"response_action": "errors", "errors": {"comment": "Too late."}}
    assert objection("Too late.", submission(payload("x"))) == told
    assert objection({"comment": "Too late."}, submission(payload("x"))) == told
