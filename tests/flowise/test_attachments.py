"""Files on their way into Flowise apart from a question, and what it answers (as measured on 3.1.4)."""

from __future__ import annotations

import json
from contextlib import aclosing

import pytest

from bot.errors import FlowiseBroke, FlowiseError, FlowiseFailed, FlowiseSlow, KeyRefused
from bot.flowise.client import Client, Limits
from bot.flowise.events import Token
from bot.flowise.feedback import AnswerRating
from bot.flowise.prediction import IMAGE, VOICE, Overrides, Prediction, Upload, Uploads
from bot.flowise.texts import TooMuchTextError, is_readable
from bot.flowise.uploads import Accepted
from tests.flowise.conftest import FLOW, MakeClient, Server

NOTES = Upload(IMAGE, "notes-F1.txt", "text/plain", "text/plain", b"NOTES-CONTENT-77")
READ = [{"name": "notes-F1.txt", "mimeType": "text/plain", "size": 16, "content": "NOTES-CONTENT-77"}]
FILE = "/api/v1/attachments/"
STORE = "/api/v1/vector/upsert/"


async def test_a_document_is_read_on_its_chat(server: Server, make_client: MakeClient) -> None:
    server.on("POST", FILE, server.json(READ))
    assert await make_client(key="k").files.read("chat/1", NOTES, most=100) == "NOTES-CONTENT-77"
    [sent] = server.posts
    assert sent.target == f"/api/v1/attachments/{FLOW}/chat%2F1"
    assert sent.headers["authorization"] == "Bearer k"
    assert b'name="files"; filename="notes-F1.txt"\r\ncontent-type: text/plain\r\n\r\nNOTES-CONTENT-77\r\n' in sent.body


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, {"message": "Error: attachmentService.createAttachment - File type 'x' is not allowed."}, FlowiseFailed),
        (500, {"message": "Error: … x.pdf (application/pdf - Invalid PDF structure"}, FlowiseFailed),
        (413, {"message": "request entity too large"}, FlowiseFailed),
        (401, {"error": "Unauthorized Access"}, KeyRefused),
        (200, [], FlowiseBroke),
        (200, {"content": "no list"}, FlowiseBroke),
        (502, {}, FlowiseBroke),
    ],
)
async def test_a_document_that_is_not_read(
    server: Server, make_client: MakeClient, status: int, body: object, error: type[FlowiseError]
) -> None:
    server.on("POST", FILE, server.json(body, status))
    with pytest.raises(error):
        await make_client().files.read("c", NOTES, most=100)


async def test_more_text_than_is_wanted(server: Server, make_client: MakeClient) -> None:
    server.on("POST", FILE, server.json(READ))
    with pytest.raises(TooMuchTextError):
        await make_client().files.read("c", NOTES, most=15)
    server.on("POST", FILE, server.json([{"content": "x" * 5000}]))
    with pytest.raises(TooMuchTextError):
        await make_client(limits=Limits(frame_bytes=4000)).files.read("c", NOTES, most=10_000)


@pytest.mark.parametrize(("added", "number"), [({"numAdded": 1, "addedDocs": [{}]}, 1), ({"numAdded": 0}, 0)])
async def test_an_upsert_is_for_one_chat(server: Server, make_client: MakeClient, added: object, number: int) -> None:
    server.on("POST", STORE, server.json(added))
    assert await make_client(key="k").files.store("chat-1", NOTES) == number
    [sent] = server.posts
    assert b'name="chatId"\r\n\r\nchat-1\r\n' in sent.body


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {"error": "Unauthorized Access"}), KeyRefused),
        ((500, {"message": "No vector node found"}), FlowiseFailed),
    ],
)
async def test_an_upsert_that_is_refused(
    server: Server, make_client: MakeClient, answer: tuple[int, object], error: type[FlowiseError]
) -> None:
    server.on("POST", STORE, server.json(answer[1], answer[0]))
    with pytest.raises(error):
        await make_client().files.store("c", NOTES)


async def test_an_upsert_is_sent_once_whatever_becomes_of_it(server: Server, make_client: MakeClient) -> None:
    server.on("POST", STORE, server.silence("close"))
    with pytest.raises(FlowiseBroke):
        await make_client(key="k").files.store("c", NOTES)
    assert len(server.posts) == 1


async def test_what_the_flow_takes_is_asked_once_a_minute(server: Server, make_client: MakeClient) -> None:
    now = [0.0]
    client: Client = make_client(key="k", clock=lambda: now[0])
    server.on("GET", "/api/v1/chatflows-uploads/", server.json({"isSpeechToTextEnabled": True}))
    full = {"fullFileUpload": {"status": True, "allowedUploadFileTypes": "text/csv"}, "flowData": "secret prompts"}
    server.on("GET", "/api/v1/public-chatbotConfig/", server.json(full))
    for _ in range(2):
        takes = await client.files.accepted(may_store=True)
        assert takes == Accepted(hears=True, documents=frozenset({"text/csv"}))
    assert len(server.requests) == 2
    now[0] = 61.0
    await client.files.accepted(may_store=False)
    assert len(server.requests) == 3  # the configuration is known for longer


async def test_a_store_takes_nothing_without_a_key(server: Server, make_client: MakeClient) -> None:
    told = {"isRAGFileUploadAllowed": True, "fileUploadSizeAndTypes": [{"fileTypes": [".txt"]}]}
    server.on("GET", "/api/v1/chatflows-uploads/", server.json(told))
    assert await make_client().files.accepted(may_store=True) == Accepted()
    assert (await make_client(key="k").files.accepted(may_store=True)).stored == {".txt"}


# With the question


async def test_files_go_along_in_the_body_also_when_it_is_sent_again(server: Server, make_client: MakeClient) -> None:
    released: list[str] = []
    uploads = Uploads(
        [Upload(IMAGE, "a.png", "image/png", "image/png", bytearray(b"\x89PNG"))], lambda: released.append("x")
    )
    answer = server.events(("token", "I see."), ("end", "[DONE]"))
    server.predicts(server.page(429, "text/plain", "slow down", Retry_After="0"), answer)
    async with aclosing(make_client(sleep=_at_once).predict(Prediction("what?", "c", uploads=uploads))) as events:
        async for event in events:
            if isinstance(event, Token):
                assert released == ["x"]
                assert uploads.files == ()
    first, second = server.posts
    assert first.body == second.body
    assert json.loads(first.body) == {
        "question": "what?",
        "chatId": "c",
        "streaming": True,
        "uploads": [{"type": "file", "name": "a.png", "mime": "image/png", "data": "data:image/png;base64,iVBORw=="}],
    }


async def _at_once(_: float) -> None: ...


async def test_nothing_that_is_sent_holds_a_nul(server: Server, make_client: MakeClient) -> None:
    """A server on Postgres cannot store one, and forgets the turn."""
    client = make_client()
    overrides = Overrides({"who": "a\x00da"}, {"who": "b\x00en"})
    image = Upload(IMAGE, "a.png", "image/png", "image/png", b"\x00")
    sent = (
        Prediction("wh\x00y?", "c", uploads=Uploads([image]), overrides=overrides),
        Prediction("", "c", form={"näme": "a\x00da", "count": 2, "list": ["a\x00"]}),
    )
    for prediction in sent:
        server.predicts(server.events(("token", "ok"), ("end", "[DONE]")))
        async with aclosing(client.predict(prediction)) as events:
            async for _ in events:
                pass
    server.on("POST", "/api/v1/feedback", server.json({"id": "r"}))
    await client.rate(AnswerRating("c", "m", good=True, comment="n\x00o"))
    first, second, third = (json.loads(each.body) for each in server.posts)
    assert first["question"] == "why?"
    assert first["overrideConfig"] == {"vars": {"who": "ada"}, "startState": [{"key": "who", "value": "ben"}]}
    assert first["uploads"][0]["data"].endswith(",AA==")  # what a file holds is its own
    assert second["form"] == {"näme": "ada", "count": 2, "list": ["a"]}
    assert third["content"] == "no"


@pytest.mark.parametrize(("kind", "waits"), [(VOICE, True), (IMAGE, False)])
async def test_a_transcript_has_a_limit_of_its_own(
    server: Server, make_client: MakeClient, kind: str, waits: bool
) -> None:
    server.predicts(server.silence())
    limits = Limits(headers=0.05, transcript=0.3)
    uploads = Uploads([Upload(kind, "clip.m4a", "audio/mp4", "audio/mp4", b"x")])
    client = make_client(limits=limits)
    with pytest.raises(FlowiseSlow) as raised:
        await anext(client.predict(Prediction("", "c", uploads=uploads)))
    assert ("transcript" in str(raised.value)) is waits


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("aaa", True),
        ("", False),
        ("\ufeff \n", False),
        ("\ufffd\ufffdh\x00e\x00j\x00", False),
        ("a\x00" + "b" * 50, True),
    ],
)
def test_text_that_can_be_read(text: str, readable: bool) -> None:
    assert is_readable(text) is readable
