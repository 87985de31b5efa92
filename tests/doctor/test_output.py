"""Tests how findings are formatted and summed up."""

from __future__ import annotations

import json

import pytest

from bot.doctor.findings import About, Finding, Verdict, exit_status, redacted
from bot.doctor.output import as_json, table

SLACK, REDIS = About("Slack"), About("Redis")
WELL = SLACK.well("bot token", "it is @flowise")
UNKNOWN = SLACK.unknown("events", "Slack does not tell", "Look there.")
WARNING = REDIS.warning("eviction", "allkeys-lru", "Set noeviction.")
WRONG = REDIS.wrong("server", "no connection", "Check REDIS_URL.")


@pytest.mark.parametrize(
    ("findings", "status"),
    [([], 0), ([WELL], 0), ([WELL, UNKNOWN], 0), ([WELL, WARNING], 0), ([WARNING, WRONG, WELL], 1)],
)
def test_only_what_is_wrong_makes_the_status(findings: list[Finding], status: int) -> None:
    assert exit_status(findings) == status


def test_a_table() -> None:
    assert table([WELL, UNKNOWN, WRONG], width=80, colour=False).splitlines() == [
        "Slack",
        "  well     bot token  it is @flowise",
        "  unknown  events     Slack does not tell",
        "                      -> Look there.",
        "",
        "Redis",
        "  wrong    server     no connection",
        "                      -> Check REDIS_URL.",
        "",
        "Something has to be changed: 1 well, 1 unknown, 1 wrong.",
    ]


@pytest.mark.parametrize(
    ("findings", "last"),
    [
        ([WELL], "All is well, as far as can be determined from here: 1 well."),
        ([WELL, WARNING], "The bot works, with restrictions: 1 well, 1 warning."),
    ],
)
def test_the_last_line_sums_up(findings: list[Finding], last: str) -> None:
    assert table(findings, width=80, colour=False).splitlines()[-1] == last


@pytest.mark.parametrize("width", [10, 60, 79, 110])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    long = SLACK.wrong("bot token", "word " * 40, "click " * 40)
    lines = table([long], width=width, colour=False).splitlines()
    assert max(map(len, lines)) <= max(width, 60)
    assert " ".join(lines).split().count("word") == 40
    assert " ".join(lines).split().count("click") == 40


def test_colour_is_paint_and_nothing_else() -> None:
    plain, painted = (table([WELL, UNKNOWN, WARNING, WRONG], width=80, colour=colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31mwrong" in painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[2m", "\x1b[32m", "\x1b[33m"):
        painted = painted.replace(code, "")
    assert painted == plain


def test_what_others_answer_does_not_steer_the_terminal() -> None:
    hostile = SLACK.well("bot token", "it is \x1b[2J\u202e@flowise\r\nin\x07 it")
    [line] = [line for line in table([hostile], width=80, colour=False).splitlines() if "@flowise" in line]
    assert line.isprintable()


def test_no_column_and_no_json_steers_it_either() -> None:
    hostile = About("Sl\x1b[2Jack").well("bot\x9b31m token", "all \x7f well")
    lines = table([hostile], width=80, colour=False).splitlines()
    assert [line for line in lines if not line.isprintable()] == []
    told = as_json([hostile], 0)
    assert [line for line in told.splitlines() if not line.isprintable()] == []
    assert json.loads(told)["findings"][0]["found"] == "all \x7f well"


def test_json_for_a_machine() -> None:
    told = json.loads(as_json([WELL, WRONG], 1))
    assert told["status"] == 1
    assert told["findings"][0] == {
        "about": "Slack",
        "check": "bot token",
        "state": "well",
        "found": "it is @flowise",
        "do": "",
    }
    assert [row["state"] for row in told["findings"]] == ["well", "wrong"]


def test_a_secret_is_taken_out_of_every_text() -> None:
    [finding] = redacted([SLACK.wrong("key", "refused abc", "replace abc")], lambda text: text.replace("abc", "*"))
    assert finding == Finding("Slack", "key", Verdict.WRONG, "refused *", "replace *")
