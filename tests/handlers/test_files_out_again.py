"""A process dies between every two steps of bringing a file into the thread: it is there once, and so is the answer."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from bot.flowise.events import ResultFile, ResultFiles, Token
from bot.playground.flowise.made_files import stored
from bot.playground.flowise.scripts import Script
from bot.records.sent_file import SentFile
from bot.records.thread import NotedFlow, OpenAnswer, Thread
from bot.reply.contract import ReplyEvent
from bot.reply.journal import Journal
from bot.reply.made_files import REST
from bot.slack import wording
from bot.slack import wording_of_files as files_wording
from bot.slack.calls import SendFile, ShareFile, Uploaded
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client
from tests.handlers.test_files import PNG, sha
from tests.handlers.test_files_out import attached
from tests.handlers.test_takeover import CHAT, WITH_KEY, Left, left, until_idle

__all__ = ["left"]

pytestmark = pytest.mark.program

PLOT = ResultFile("plot.png", stored="plot.png")
LONG = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(60))
STEPS = ("fetched", "sent", "noted", "shared", "known")
"""How far the process came before it was killed; of what it did last, nothing but a note is known."""


def journal(*events: ReplyEvent) -> str:
    written = Journal()
    for event in events:
        written.receive(event)
    return written.written()


async def died(left: Left, step: str, key: str, content: bytes) -> tuple[SentFile, ...]:
    """Do what the dead process has done with a file; what it had noted of it."""
    slack, done = left.home.slack, STEPS.index(step)
    if done == 0:
        return ()
    async with new_session() as session:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        sent = await client.call(SendFile(key, "dead.png", content))
        assert isinstance(sent, Uploaded)
        if done >= STEPS.index("shared"):
            await client.call(ShareFile(left.home.channel, left.root, key, sent.file_id))
    slack.calls.clear()
    return (SentFile(key, sent.file_id, shared=step == "known"),) if done >= STEPS.index("noted") else ()


def calls(left: Left) -> list[str]:
    """The calls about files that the successor has made."""
    return [call.method.removeprefix("files.") for call in left.home.slack.calls if call.method.startswith("files.")]


SEND, SHARE = "getUploadURLExternal", "completeUploadExternal"


@pytest.mark.parametrize(("step", "made"), [*zip(STEPS, ([SEND, SHARE], [SEND, SHARE], [SHARE], [], []), strict=True)])
async def test_a_file_of_a_flow_is_there_once(left: Left, step: str, made: Sequence[str]) -> None:
    home = left.home
    await left.question()
    ts = await left.posted("Done.")
    home.flowise.made[home.flowise.chatflow_id, CHAT, "plot.png"] = PNG
    files = await died(left, step, PLOT.key, PNG)
    written = journal(Token("Done."), ResultFiles((PLOT,)))
    await left.noted(OpenAnswer(CHAT, 1.0, (ts,), journal=written, whole=True, question="why?", after="", files=files))
    async with home.bot(**WITH_KEY):
        await until_idle(left)
    assert [content for _, content in attached(home, left.root)] == [sha(PNG)]
    assert calls(left) == made
    assert len(home.flowise.asked_for) == made.count(SEND)
    assert home.answers(left.root)[0] == "Done."
    assert home.flowise.predictions == []


async def test_an_answer_from_before_flows_had_names_gets_its_file_from_the_flow_of_its_thread(
    left: Left, tmp_path: Path
) -> None:
    """The process that died had no file: it is the successor's first start with one."""
    home, flows = left.home, {name: left.home.flowise.flow(name) for name in ("plain", "rag")}
    file = tmp_path / "bot.toml"
    tables = [f'[flows.{name}]\nchatflow_id = "{chatflow}"' for name, chatflow in flows.items()]
    file.write_text("\n".join(['default = "plain"', *tables]))
    await left.question()
    ts = await left.posted("Done.")
    home.flowise.made[flows["rag"], CHAT, "plot.png"] = PNG
    written = journal(Token("Done."), ResultFiles((PLOT,)))
    await left.noted(OpenAnswer(CHAT, 1.0, (ts,), journal=written, whole=True, question="why?", after=""))
    thread = Thread(home.slack.team_id, home.channel, left.root)
    await left.store.remember(thread, CHAT, NotedFlow("", flows["rag"]), 0, time.time())
    async with home.bot(bot_config=file, flowise_chatflow_id="", **WITH_KEY):
        await until_idle(left)
    assert [content for _, content in attached(home, left.root)] == [sha(PNG)]
    assert [flow for flow, _, _ in home.flowise.asked_for] == [flows["rag"]]


@pytest.mark.parametrize(("step", "made"), [("noted", [SHARE]), ("shared", []), ("known", [])])
async def test_the_rest_of_an_overlong_answer_is_there_once(left: Left, step: str, made: Sequence[str]) -> None:
    await left.question()
    ts = await left.posted("Paragraph 0")
    files = await died(left, step, REST, b"the rest")
    written = journal(Token(LONG))
    await left.noted(OpenAnswer(CHAT, 1.0, (ts,), journal=written, whole=True, question="why?", after="", files=files))
    async with left.home.bot(bot_most_messages=2, **WITH_KEY):
        await until_idle(left)
    assert len(attached(left.home, left.root)) == 1
    assert calls(left) == made
    assert wording.REST_ATTACHED in "".join(left.home.answers(left.root))


async def test_what_slack_has_forgotten_meanwhile_is_sent_anew(left: Left) -> None:
    await left.question()
    ts = await left.posted("Done.")
    left.home.flowise.made[left.home.flowise.chatflow_id, CHAT, "plot.png"] = PNG
    written, files = journal(Token("Done."), ResultFiles((PLOT,))), (SentFile(PLOT.key, "F0LOST"),)
    await left.noted(OpenAnswer(CHAT, 1.0, (ts,), journal=written, whole=True, question="why?", after="", files=files))
    async with left.home.bot(**WITH_KEY):
        await until_idle(left)
    assert attached(left.home, left.root) == [("plot.png", sha(PNG))]
    assert calls(left) == [SHARE, SEND, SHARE]


async def test_what_only_the_dead_process_had_is_named(left: Left) -> None:
    await left.question()
    ts = await left.posted("Done.")
    written = journal(Token("Done."), ResultFiles((ResultFile("days.csv", content="a,b"),)))
    assert "a,b" not in written
    await left.noted(OpenAnswer(CHAT, 1.0, (ts,), journal=written, whole=True, question="why?", after=""))
    async with left.home.bot():
        await until_idle(left)
    lost = files_wording.not_fetched_here(["days.csv"], more=False, alone=False)
    assert left.home.answers(left.root) == [f"Done.\n{lost}"]


async def test_files_of_a_stored_answer_come_with_it(left: Left) -> None:
    home = left.home
    uri = "data:image/png;base64," + b64encode(PNG).decode()
    artifacts = [{"type": "png", "data": stored("plot.png")}, {"type": "png", "data": uri}]
    await left.question()
    home.flowise.script("rag", Script(tokens=["Done."], artifacts=artifacts, made={"plot.png": PNG}))
    since = await left_by(left)
    ts = await left.posted("Do")
    await left.noted(OpenAnswer(CHAT, since, (ts,), question="why?", after=""))
    async with home.bot(**WITH_KEY):
        await until_idle(left)
    assert attached(home, left.root) == [("plot.png", sha(PNG)), ("picture.png", sha(PNG))]
    assert home.answers(left.root)[0].startswith("Done.")


async def left_by(left: Left) -> float:
    """Flowise was asked by a client that was killed before it had noted anything; when that began."""
    since = time.time()
    url = f"{left.home.flowise.url}/api/v1/prediction/{left.home.flowise.chatflow_id}"
    body = {"question": "why?", "chatId": CHAT, "streaming": True}
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer right-key"}) as session,
        session.post(url, json=body) as response,
    ):
        await response.read()
    return since
