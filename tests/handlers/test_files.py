"""What people attach reaches the flow byte for byte, each kind its own way; what does not is named, with the reason."""

from __future__ import annotations

import hashlib
import math
from base64 import b64decode
from collections.abc import Sequence
from typing import cast

import pytest

from bot.playground.flowise.files import ReceivedFile
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.slack import wording_of_files as wording

pytestmark = pytest.mark.program

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PDF = b"%PDF-1.4\n1 0 obj\nBT (The bakery opens at seven.) Tj ET\n"


def ways(files: Sequence[ReceivedFile]) -> list[tuple[str, str, str]]:
    """Each file as it arrived: its way, its extension, and the hash of its bytes."""
    return [(file.way, file.name.rpartition(".")[2], file.sha256) for file in files]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_pictures_and_documents_go_their_own_ways_in_one_prediction(home: Sandbox, mode: str) -> None:
    code = "print('grüße')\n".encode()
    async with home.bot(slack_delivery=mode):
        files = [("image.png", PNG), ("plan.pdf", PDF), ("app.py", code), ("photo.heic", b"heic")]
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is this?", files=files)
        [answer] = await home.answered(root)
    assert "The bakery opens at seven." in answer
    assert "image/png" in answer
    assert wording.not_this_image(["photo.heic"], ["GIF", "JPG", "PNG", "WEBP"]) in answer
    [asked] = home.flowise.predictions
    assert ways(home.flowise.files) == [
        ("attachment", "pdf", sha(PDF)),
        ("attachment", "txt", sha(code)),
        ("file", "png", sha(PNG)),
        ("file:full", "pdf", sha(b"The bakery opens at seven.")),
        ("file:full", "txt", sha(code)),
    ]
    assert {file.chat_id for file in home.flowise.files} == {asked.chat_id}
    assert "photo.heic" in asked.question
    assert "plan.pdf" not in asked.question
    assert home.slack.violations == []


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_a_clip_without_words_is_answered_with_what_was_heard(home: Sandbox, mode: str) -> None:
    async with home.bot(slack_delivery=mode):
        clip = home.slack.new_file("clip.mp4", b"What is in the fridge?", subtype="slack_audio", mimetype="video/mp4")
        root = await home.slack.say(home.ada, home.channel, home.mention, files=[clip])
        [answer] = await home.answered(root)
        assert wording.heard("What is in the fridge?") in answer
        assert answer.startswith("Heard: ") or mode == "stream"
        written = home.slack.new_file("clip.m4a", b"What?", subtype="slack_audio", mimetype="audio/mp4")
        await home.slack.say(home.ada, home.channel, "and why?", thread_ts=root, files=[written])
        assert wording.words_and_voice(["clip.m4a"]) in (await home.answered(root, 2))[1]
    asked, _ = home.flowise.predictions
    assert asked.question == ""
    [upload] = cast("list[dict[str, str]]", asked.body["uploads"])
    assert (upload["name"], upload["mime"]) == ("clip.mp4", "audio/mp4")
    assert ways(home.flowise.files) == [("audio", "mp4", sha(b"What is in the fridge?"))]


async def test_an_answer_that_has_begun_as_a_stream_tells_under_it_what_was_heard(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["It opens ", "at ", "seven."], token_wait=0.2))
    async with home.bot(slack_delivery="stream"):
        clip = home.slack.new_file("clip.m4a", b"When?", subtype="slack_audio")
        root = await home.slack.say(home.ada, home.channel, home.mention, files=[clip])
        [answer] = await home.answered(root)
    assert answer.startswith(f"It opens at seven.\n{wording.heard('When?')}")
    assert [call.method for call in home.slack.calls].count("chat.startStream") == 1
    assert home.slack.violations == []


async def test_a_file_alone_is_a_question_only_where_something_of_it_can_be_read(home: Sandbox) -> None:
    async with home.bot():
        root = await home.slack.say(home.ada, home.channel, home.mention, files=[("image.png", PNG)])
        await home.answered(root)
        await home.slack.say(home.ada, home.channel, "", thread_ts=root, files=[("a.exe", b"MZ")])
        told = (await home.answered(root, 2))[1]
    assert told == f"{wording.not_taken(['a.exe'], ['CSV', 'JSON', 'MD', 'PDF', 'TXT'])} {wording.IN_WORDS}"
    assert [prediction.question for prediction in home.flowise.predictions] == [wording.WITHOUT_WORDS]


async def test_what_slack_does_not_give_is_named(home: Sandbox) -> None:
    async with home.bot(bot_file_limit=2048):
        new = home.slack.new_file
        gone, stub = new("gone.txt", b"x"), new("stub.txt", b"from a stub", is_stub=True)
        files = [
            gone,
            stub,
            new("large.txt", bytes(2049)),
            new("sheet", b"", mode="external", is_external=True),
            new("notes", b"", filetype="canvas"),
            new("theirs.txt", b"x", user_team="T9"),
            new("page.txt", b"x", url_private=f"{home.slack.url.removesuffix('api/')}files-pri/none/none"),
            new("far.txt", b"x", url_private="https://files.slack.com.evil.example/x"),
            new("none.txt", b""),
        ]
        home.slack.delete_file(gone)
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} why?", files=files)
        [answer] = await home.answered(root)
    for sentence in (
        wording.gone(["gone.txt", "page.txt"]),
        wording.too_large(["large.txt"], 2048),
        wording.external(["sheet"]),
        wording.canvas(["notes"]),
        wording.by_an_outsider(["theirs.txt"]),
        wording.not_fetched(["far.txt"]),
        wording.empty(["none.txt"]),
    ):
        assert sentence in answer
    assert [file.content for file in home.flowise.files] == [b"from a stub"] * 2


async def test_an_agent_flow_forgets_a_document_and_the_next_answer_says_so_once(home: Sandbox) -> None:
    async with home.bot(flowise_chatflow_id=home.flowise.flow("agentflow")):
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=[("plan.pdf", PDF)])
        await home.answered(root)
        for count in (2, 3):
            await home.ask("and then?", thread_ts=root)
            await home.answered(root, count)
    said = [wording.went_with("plan.pdf") in answer for answer in home.answers(root)]
    assert said == [False, True, False]


async def test_without_the_scope_no_file_is_read_and_the_question_is_asked(own_redis: str) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=10) as home:
        home.slack.core.access.scopes -= {"files:read"}
        async with home.bot():
            root = await home.slack.say(home.ada, home.channel, f"{home.mention} why?", files=[("image.png", PNG)])
            [answer] = await home.answered(root)
        assert wording.may_not(["image.png"]) in answer
        assert [prediction.question.splitlines()[-1] for prediction in home.flowise.predictions] == ["why?"]


async def test_a_flow_that_takes_nothing_is_asked_all_the_same(home: Sandbox) -> None:
    clip = home.slack.new_file("clip.m4a", b"What?", subtype="slack_audio")
    async with home.bot(flowise_chatflow_id=home.flowise.flow("blind")):
        files = [("image.png", PNG), ("a.txt", b"text")]
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} why?", files=files)
        [answer] = await home.answered(root)
        assert wording.no_images(["image.png"]) in answer
        assert wording.not_taken(["a.txt"], []) in answer
        await home.slack.say(home.ada, home.channel, "", thread_ts=root, files=[clip])
        assert (await home.answered(root, 2))[1] == f"{wording.no_voice(['clip.m4a'])} {wording.IN_WORDS}"
    assert len(home.flowise.predictions) == 1
    assert home.flowise.files == []


async def test_documents_that_hold_nothing_to_read_are_named(home: Sandbox) -> None:
    async with home.bot():
        files = [
            ("u.txt", "hej".encode("utf-16")),
            ("p.pdf", b"no pdf"),
            ("l.txt", b"x" * 1_000_001),
            ("t.csv", b"a,b\n1,2"),
        ]
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} why?", files=files)
        [answer] = await home.answered(root)
    assert wording.unreadable(["u.txt", "p.pdf"]) in answer
    assert wording.too_much_text(["l.txt"]) in answer
    assert ways(home.flowise.files)[-1] == ("file:full", "csv", sha(b"a: 1\nb: 2"))


async def test_files_of_forwarded_messages_are_named_and_not_read(home: Sandbox) -> None:
    forward = {
        "is_share": True,
        "author_name": "ben",
        "text": "Look at this.",
        "files": [{"id": "F1", "name": "old.pdf", "url_private": "https://files.slack.com/x"}],
    }
    async with home.bot():
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} why?", attachments=[forward])
        [answer] = await home.answered(root)
    assert wording.forwarded(["old.pdf"]) in answer
    assert home.flowise.files == []
    assert "old.pdf" in home.flowise.predictions[0].question
