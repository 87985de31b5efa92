"""What a flow makes comes into the thread byte for byte, once and in order; what cannot be had is named."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest

from bot.playground.flowise.made_files import bars, stored
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.slack import wording_of_files as wording
from tests.handlers.test_files import PDF, PNG, sha

pytestmark = pytest.mark.program

deliveries = pytest.mark.parametrize("mode", ["edit", "stream"])
JPEG, GIF, CSV = b"\xff\xd8\xff\xe0" + b"j" * 40, b"GIF89a" + b"g" * 40, b"a,b\n1,2\n"
PAGE = "<script>alert(1)</script>"
BARS = bars([3, 1, 2])


def attached(home: Sandbox, root: str) -> list[tuple[str, str]]:
    """The files in a thread, in order, each with the hash of its bytes."""
    messages = home.slack.thread(home.channel, root)[1:]
    return [(file.name, sha(file.content)) for message in messages for file in message.files]


async def asked(home: Sandbox, question: str = "draw it") -> str:
    root = await home.ask(f"{home.mention} {question}")
    await home.slack.until(lambda: len(home.slack.thread(home.channel, root)) > 1 and home.idle)
    return root


def entries(*names: str) -> Sequence[dict[str, str]]:
    return [{"type": "png", "data": stored(name)} for name in names]


@deliveries
async def test_each_kind_comes_once_and_in_order_however_often_its_list_is_sent(home: Sandbox, mode: str) -> None:
    uri = "data:image/png;base64," + b64encode(BARS).decode()
    pictures = [*entries("plot.png", "photo.jpg"), {"type": "gif", "data": stored("move.gif")}]
    texts = [
        {"type": "markdown", "data": "## In words\n\nIt *rose*."},
        {"type": "html", "data": PAGE},
        {"type": "csv", "data": CSV.decode(), "name": "days.csv"},
        {"type": "png", "data": uri},
        {"type": "python", "data": "print(1)"},
    ]
    annotations = [{"filePath": stored(name), "fileName": name} for name in ("table.csv", "report.pdf")]
    made = {"plot.png": PNG, "photo.jpg": JPEG, "move.gif": GIF, "table.csv": CSV, "report.pdf": PDF}
    home.flowise.script(
        "rag",
        Script(
            tokens=["Here ", "is [the table](sandbox:/mnt/data/", "table.csv)."],
            artifacts=[*pictures, *texts],
            file_annotations=annotations,
            made=made,
            before=[("artifacts", pictures[:1])],
            after=[("fileAnnotations", annotations), ("artifacts", pictures[:2])],
        ),
    )
    async with home.bot(slack_delivery=mode):
        root = await asked(home)
    assert attached(home, root) == [
        *((name, sha(made[name])) for name in ("plot.png", "photo.jpg", "move.gif")),
        ("file.html", sha(PAGE.encode())),
        ("days.csv", sha(CSV)),
        ("picture.png", sha(BARS)),
        ("file.py", sha(b"print(1)")),
        *((name, sha(made[name])) for name in ("table.csv", "report.pdf")),
    ]
    answer = home.answers(root)[0]
    assert answer.startswith("Here is the table (table.csv).")
    assert "In words" in answer
    assert "It rose." in answer
    assert "could not" not in answer
    assert "sandbox:" not in answer
    [prediction] = home.flowise.predictions
    shown = [file.mimetype for message in home.slack.thread(home.channel, root)[1:] for file in message.files]
    assert shown[:3] == ["image/png", "image/jpeg", "image/gif"]
    assert home.flowise.asked_for == [(prediction.flow_id, prediction.chat_id, name) for name in made]
    assert home.slack.violations == []
    assert home.slack.pings == []


@deliveries
async def test_what_cannot_be_had_is_named_under_the_answer(home: Sandbox, mode: str) -> None:
    made = {"large.png": PNG + bytes(2048), "there.png": PNG, "empty.png": b""}
    names = ["gone.png", "large.png", "there.png", "empty.png"]
    address = {"type": "png", "data": "http://127.0.0.1:1/secret.png"}
    home.flowise.script("rag", Script(tokens=["Done."], artifacts=[*entries(*names), address], made=made))
    async with home.bot(slack_delivery=mode, bot_file_limit=2048):
        root = await asked(home)
    assert attached(home, root) == [("there.png", sha(PNG))]
    lost = wording.not_fetched_here(["gone.png", "large.png", "empty.png", "a picture"], more=False, alone=False)
    assert home.answers(root)[0] == f"Done.\n{lost}"


@deliveries
async def test_what_slack_does_not_take_is_named_and_an_answer_of_files_alone_says_so(home: Sandbox, mode: str) -> None:
    home.flowise.script("rag", *[Script(artifacts=entries("plot.png"), made={"plot.png": PNG})] * 3)
    async with home.bot(slack_delivery=mode):
        root = await asked(home)
        assert home.answers(root)[0] == wording.attached(["plot.png"])
        assert attached(home, root) == [("plot.png", sha(PNG))]
        for step in ("files.getUploadURLExternal", "files.completeUploadExternal"):
            home.slack.refuse(step, "restricted_action")
            refused = await asked(home)
            assert home.answers(refused) == [wording.not_attached(["plot.png"], more=False, alone=True)]


@deliveries
async def test_a_picture_in_the_text_becomes_one_in_the_thread(home: Sandbox, mode: str) -> None:
    uri = "data:image/png;base64," + b64encode(BARS).decode()
    text = f"Look: ![the bars]({uri}) and that is it."
    home.flowise.script("rag", Script(tokens=[text[at : at + 40] for at in range(0, len(text), 40)]))
    async with home.bot(slack_delivery=mode):
        root = await asked(home)
    assert home.answers(root)[0] == "Look: the bars and that is it."
    assert attached(home, root) == [("picture.png", sha(BARS))]


async def test_neither_a_name_nor_a_type_decides_what_a_file_is(home: Sandbox) -> None:
    names = {"page.png": PAGE.encode(), "plot.html": PNG, "..": PNG, "a/../../etc/passwd": b"root"}
    hostile = {"<!channel> @here [x](https://evil.example) `*_~|\u202e.csv": CSV}
    annotations = [{"filePath": stored(name), "fileName": name} for name in hostile]
    made = {**names, **hostile, "passwd": b"root"}
    home.flowise.script(
        "rag", Script(tokens=["Done."], artifacts=entries(*names), file_annotations=annotations, made=made)
    )
    async with home.bot():
        root = await asked(home)
    found = dict(attached(home, root))
    assert found["page.png.txt"] == sha(PAGE.encode())
    assert found["plot.html.png"] == sha(PNG)
    assert found["passwd.txt"] == sha(b"root")
    asked_for = {name for _, _, name in home.flowise.asked_for}
    assert asked_for == {"page.png", "plot.html", "passwd", "evil.example) `*_~|\u202e.csv"}
    assert not any(sign in name for name in found for sign in "<>@[]`*~|/\u202e")
    assert home.slack.pings == []


async def test_a_stopped_answer_has_no_files(home: Sandbox) -> None:
    home.flowise.script("rag", Script(before=[("artifacts", entries("plot.png"))], tokens=["One ", "two"], stalls=True))
    async with home.bot():
        root = await home.ask(f"{home.mention} draw it")
        await home.slack.until(lambda: "two" in "".join(home.answers(root)))
        await home.slack.press(home.ada, home.channel, home.slack.thread(home.channel, root)[1].ts, "Stop")
        await home.slack.until(lambda: home.idle)
    assert attached(home, root) == []
    assert home.flowise.asked_for == []


@pytest.mark.parametrize("flow", ["draws", "runs_code"])
async def test_the_flows_of_the_demo_show_what_they_have_made(home: Sandbox, flow: str) -> None:
    async with home.bot(flowise_chatflow_id=home.flowise.flow(flow)):
        root = await asked(home)
    made = {name: sha(content) for (_, _, name), content in home.flowise.made.items()}
    found = dict(attached(home, root))
    assert made.items() <= found.items()
    shown = home.answers(root)[0]
    assert "Wed" in shown if flow == "draws" else "report (report.pdf)" in shown
