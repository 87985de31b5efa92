"""How the log looks, and that no secret gets into it, whoever writes the line."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.background.question_log import flow_known, lines_of_question
from bot.serving import logs
from bot.serving.logs import Redaction, printable

KEY = "flow-key-7Hq"
PASSWORD = "pass.word+1"
OTHER = "xoxb-123-of-another-app"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Logging is the process's: put back what a test configures."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    chatty = {name: logging.getLogger(name).level for name in ("slack_bolt", "slack_sdk", "aiohttp", "asyncio")}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, old in chatty.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()


def configured(style: str, level: str = "DEBUG") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, style, [KEY, PASSWORD, "short"], stream=stream)
    return stream


def fail(secret: str) -> None:
    raise ValueError(f"refused: {secret}")


def write_everything() -> None:
    """Our own lines and other libraries', with secrets in each place there is."""
    ours = structlog.get_logger("ours")
    ours.info("said", key=KEY, nested={"password": [PASSWORD]}, token=OTHER)
    ours.bind(bound=KEY).warning(f"in the words: {PASSWORD}")
    try:
        fail(KEY)
    except ValueError:
        ours.exception("broke")
        logging.getLogger("theirs").exception("broke too: %s", PASSWORD)
    logging.getLogger("theirs").info("Authorization: Bearer abc.def-123==")
    logging.getLogger("theirs").info("connecting to wss://slack.example/link/?ticket=0d4c-77&app_id=A1")


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_secret_gets_into_the_log_tracebacks_included(style: str) -> None:
    stream = configured(style)
    write_everything()
    written = stream.getvalue()
    for secret in (KEY, PASSWORD, "xoxb-", "abc.def-123", "0d4c-77"):
        assert secret not in written
    assert written.count("[hidden]") == 10
    assert written.count("Traceback") == 2
    assert "refused: [hidden]" in written
    assert "app_id=A1" in written


def test_a_short_value_hides_no_words() -> None:
    stream = configured("text")
    structlog.get_logger("ours").info("a short answer")
    assert "a short answer" in stream.getvalue()


def test_a_longer_secret_that_begins_with_another_one_is_hidden_whole() -> None:
    redaction = logs.Redaction(["secret-1", "secret-1-and-more"])
    assert redaction("x=secret-1-and-more y=secret-1") == "x=[hidden] y=[hidden]"


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_is_hidden_also_where_it_is_written_with_escapes(style: str) -> None:
    stream = io.StringIO()
    logs.configure("INFO", style, ['quo"ted\\secret'], stream=stream)
    structlog.get_logger("ours").info("said", it='quo"ted\\secret', within=['quo"ted\\secret'])
    assert "secret" not in stream.getvalue()
    assert stream.getvalue().count("[hidden]") == 2


def rows(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_is_one_object_a_line() -> None:
    stream = configured("json")
    write_everything()
    structlog.get_logger("ours").info("two\nlines", text="a\nb")
    lines = rows(stream)
    assert [line["event"] for line in lines][-1] == "two\nlines"
    assert {line["logger"] for line in lines} == {"ours", "theirs"}
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    [first] = [line for line in lines if line["event"] == "said"]
    assert first["key"] == "[hidden]"
    assert first["level"] == "info"


def test_text_has_one_line_an_event() -> None:
    stream = configured("text")
    structlog.get_logger("ours").info("question", ref="a1b2c3", text="a\nb")
    [line] = stream.getvalue().splitlines()
    assert "question" in line
    assert "ref=a1b2c3" in line


def test_the_level_holds_for_all_and_libraries_that_log_people_s_words_stay_quiet_in_debug() -> None:
    stream = configured("text", "WARNING")
    structlog.get_logger("ours").info("not this")
    structlog.get_logger("ours").warning("but this")
    assert "not this" not in stream.getvalue()
    assert "but this" in stream.getvalue()
    stream = configured("text", "DEBUG")
    for name in ("slack_sdk.socket_mode.aiohttp", "slack_bolt.AsyncApp", "aiohttp.client", "asyncio"):
        logging.getLogger(name).info("the words of a person")
        logging.getLogger(name).warning("a warning of %s", name)
    assert "the words of a person" not in stream.getvalue()
    assert stream.getvalue().count("a warning of") == 4


def test_half_a_surrogate_pair_is_written_as_its_number() -> None:
    assert Redaction(())("half \ud83d") == "half \\ud83d"


HOSTILE = "Boom\x1b[2J\x1b]0;owned\x07\x7f\x9b31m\u202eevil\u2028\u200b\ue0001"


class Odd:
    """Something that shows itself as hostile text."""

    def __repr__(self) -> str:
        return HOSTILE


def write_hostile() -> None:
    """Text from outside in each place of a line: the event, a key, values of each kind, errors and their traceback."""
    ours, theirs = structlog.get_logger("ours"), logging.getLogger("theirs")
    ours.warning(f"turn failed {HOSTILE}", reason=HOSTILE, quoted=f"with a space {HOSTILE}", **{HOSTILE: 1})
    ours.warning("nested", within=[{HOSTILE: HOSTILE}], odd=Odd(), number=1, nothing=None)
    theirs.warning("theirs: %s", HOSTILE)
    logging.getLogger(HOSTILE).warning("by its name")
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        error.add_note(HOSTILE)
        ours.exception("broke", stack_info=True)
        theirs.exception("broke too")


def steering(text: str) -> set[str]:
    return {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


@pytest.mark.parametrize("style", ["text", "json"])
def test_nothing_that_steers_a_terminal_or_hides_text_gets_into_the_log(style: str) -> None:
    stream = configured(style)
    write_hostile()
    assert steering(stream.getvalue()) == set()
    assert "x1b[2J" in stream.getvalue() or "u001b[2J" in stream.getvalue()
    if style == "json":
        assert [line["event"] for line in rows(stream)][1] == "nested"


def test_on_a_terminal_the_only_escapes_are_the_colours_of_the_log_itself() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure("DEBUG", "text", [], stream=stream)
    write_hostile()
    written = stream.getvalue()
    assert "\x1b[" in written
    assert steering(re.sub(r"\x1b\[\d*m", "", written)) == set()
    assert "\x1b[2J" not in written


def test_a_line_break_in_an_event_begins_no_line_of_its_own() -> None:
    stream = configured("text")
    structlog.get_logger("ours").info("one\n2026-01-01 [info] forged", text="a\nb\x1b")
    logging.getLogger("theirs").info("two\r\nforged")
    assert len(stream.getvalue().splitlines()) == 2


def test_letters_of_all_languages_stay() -> None:
    assert printable("Grüße, 世界, שלום, \u00a0🙂") == "Grüße, 世界, שלום, \u00a0🙂"


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_name_and_password_in_an_address_are_hidden_whosever_they_are(style: str) -> None:
    stream = configured(style)
    logging.getLogger("theirs").warning(
        "by http://me:p4ss@proxy.example:3128/ and Proxy-Authorization: Basic bWU6cDRzcw=="
    )
    structlog.get_logger("ours").warning("sent", headers={"Proxy-Authorization": "Basic bWU6cDRzcw=="})
    structlog.get_logger("ours").warning("Basic Information stays")
    structlog.get_logger("ours").warning("from", url="rediss://:pw@redis.example/0")
    written = stream.getvalue()
    assert "p4ss" not in written
    assert "bWU6" not in written
    assert ":pw@" not in written
    assert "proxy.example:3128" in written
    assert "Basic Information" in written


async def test_lines_of_a_question_name_it_and_its_flow_in_every_task_that_works_on_it() -> None:
    stream, theirs = configured("json"), logging.getLogger("theirs")

    async def chosen() -> None:
        flow_known("it")

    with lines_of_question("3fa9c1d0"):
        theirs.info("before")
        await asyncio.create_task(chosen())
        theirs.info("after")
        structlog.get_logger("ours").info("of another", flow="law")
        await asyncio.create_task(_other())
    theirs.info("outside")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line.get("ref"), line.get("flow")) for line in lines] == [
        ("before", "3fa9c1d0", None),
        ("after", "3fa9c1d0", "it"),
        ("of another", "3fa9c1d0", "law"),
        ("other", "0a0b0c0d", None),
        ("outside", None, None),
    ]


async def _other() -> None:
    """Work on another question, which was begun from the first one's task, as the next in a thread is."""
    with lines_of_question("0a0b0c0d"):
        logging.getLogger("theirs").info("other")
