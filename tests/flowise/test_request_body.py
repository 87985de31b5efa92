"""Bodies with files are what a JSON library or a form would write, without a second copy of a file."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from base64 import b64encode
from collections.abc import Sequence

import aiohttp
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.flowise.prediction import IMAGE, READ_DOCUMENT, Upload, Uploads
from bot.flowise.request_body import MULTIPART, PredictionBody, form
from bot.flowise.stream import each

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
files = st.lists(
    st.one_of(
        st.builds(Upload, st.just(IMAGE), names, names, st.just("image/png"), st.binary(max_size=200_000)),
        st.builds(Upload, st.just(READ_DOCUMENT), names, names, st.just("text/plain"), names),
    ),
    max_size=4,
)


def plainly(upload: Upload) -> dict[str, str]:
    if isinstance(upload.content, str):
        data = upload.content.replace("\x00", "")
    else:
        data = f"data:{upload.type};base64,{b64encode(upload.content).decode()}"
    return {"type": upload.kind, "name": upload.name, "mime": upload.mime, "data": data}


@given(names, files)
def test_the_body_is_the_json_of_the_question_and_its_files(question: str, uploads: Sequence[Upload]) -> None:
    body = PredictionBody({"question": question, "streaming": True}, Uploads(uploads))
    written = b"".join(body.pieces())
    assert len(written) == body.length
    expected = {"question": question, "streaming": True, "uploads": [plainly(upload) for upload in uploads]}
    assert json.loads(written) == expected
    assert b"".join(body.pieces()) == written


def test_a_file_is_not_copied_to_be_sent() -> None:
    content = bytearray(8 * 1024 * 1024)
    body = PredictionBody({"question": "?"}, Uploads([Upload(IMAGE, "a.png", "image/png", "image/png", content)]))
    tracemalloc.start()
    try:
        assert sum(map(len, body.pieces())) == body.length
        assert tracemalloc.get_traced_memory()[1] * 20 < len(content)
    finally:
        tracemalloc.stop()


async def test_the_form_is_read_by_a_server() -> None:
    found: list[tuple[str, object, object, object]] = []

    async def take(request: web.Request) -> web.Response:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                found.append((name, value.filename, value.content_type, value.file.read()))
            else:
                found.append((name, value, "", b""))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    content = bytes(range(256)) * 1000
    length, pieces = form({"chatId": "c"}, Upload(IMAGE, "grüße 日本.txt", "text/plain", "text/plain", content))
    try:
        async with asyncio.timeout(5), aiohttp.ClientSession() as session:
            headers = {"Content-Type": MULTIPART, "Content-Length": str(length)}
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            async with session.post(url, data=each(pieces), headers=headers) as answer:
                assert answer.status == 200
    finally:
        await runner.cleanup()
    assert found == [("chatId", "c", "", b""), ("files", "grüße 日本.txt", "text/plain", content)]
