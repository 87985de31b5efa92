"""A rating is written in one row of Flowise's, whichever database that has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.flowise.client import Client, Limits
from bot.flowise.feedback import AnswerRating
from bot.flowise.prediction import Prediction
from bot.playground.flowise import LocalFlowise, Script

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

GOOD, BAD = AnswerRating("c", "m", good=True, comment=""), AnswerRating("c", "m", good=False)


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("knows", [False, True])
async def test_an_answer_has_one_row_and_a_comment_stays_until_another_one_comes(
    session: aiohttp.ClientSession, unique: bool, knows: bool
) -> None:
    """What is not known is looked for: another process may have written it."""
    async with LocalFlowise() as flowise:
        flowise.ratings.unique = unique
        flowise.script("plain", Script(tokens=["It is."]))
        client = Client(session, flowise.url, flowise.flow("plain"), None, Limits())
        async for _ in client.predict(Prediction("?", "c")):
            pass
        message = str(flowise._desk.memory.rows(flowise.flow("plain"), "c", None)[-1]["id"])
        row: str | None = ""
        for good, comment in ((False, None), (False, "no"), (False, None), (True, "")):
            rating = AnswerRating("c", message, good=good, comment=comment)
            row = await client.rate(rating, (row or "") if knows else "", look=not knows)
            assert row
        assert [(each["rating"], each["content"]) for each in flowise.ratings.of(message)] == [("THUMBS_UP", "")]
        del flowise.ratings.rows[row or ""]
        assert await client.rate(rating, row or "") not in (None, "", row)
        assert await client.rate(AnswerRating("c", "unknown", good=True)) is None
        assert await client.rate(AnswerRating("another", message, good=True), look=True) is None
        flowise.ratings.away = True
        with pytest.raises(errors.FlowiseUnreachable):
            await client.rate(rating)


async def test_what_is_no_answer_of_flowise_is_tried_again_later(server: Server, make_client: MakeClient) -> None:
    page = server.page(200, "text/html", "<!doctype html>a login page")
    not_found = server.page(404, "text/html", "<!doctype html>not here")
    for answer in (page, not_found, server.json({"message": "k"}, 401), server.json({}, 502), server.json([])):
        for method in ("POST", "PUT"):
            server.on(method, "/api/v1/feedback", answer)
        server.on("GET", "/api/v1/feedback", page)
        for row in ("", "r"):
            with pytest.raises(errors.FlowiseUnreachable) as raised:
                await make_client(key="k").rate(GOOD, row)
            assert "k" not in str(raised.value).split()
    server.on("POST", "/api/v1/feedback", server.silence())
    with pytest.raises(errors.FlowiseError):
        await make_client(limits=Limits(headers=0.1)).rate(BAD)
