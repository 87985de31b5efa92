"""The Web API as slack_sdk's own client meets it, over a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.slack import ClientState, LocalSlack
from bot.playground.slack.methods import SCOPES


class Clock(Protocol):
    now: float


WORDS = {"type": "text", "text": "rich"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [WORDS]}]}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "plain"}}
LOUD = {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


async def test_who_may_call(slack: LocalSlack, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
    who = await client.auth_test()
    assert (who["team_id"], who["user_id"], who["bot_id"]) == (slack.team_id, slack.bot_user_id, slack.bot_id)
    assert await refused(client.api_call("chat.shout")) == "unknown_method"
    assert await refused(client.auth_test(token="xoxb-wrong")) == "invalid_auth"
    assert await refused(client.auth_test(token=slack.app_token)) == "not_allowed_token_type"
    assert await refused(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    async with session.post(slack.url + "auth.test") as answer:
        assert (await answer.json())["error"] == "not_authed"
    assert [call.answer for call in slack.calls][:2] == ["ok", "unknown_method"]
    assert all(slack.bot_token not in str(call) for call in slack.calls)


async def test_arguments_come_as_form_json_and_query(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    channel = slack.channel("general")
    args = {"channel": channel, "text": "hi", "unfurl_links": "false", "unfurl_media": "false"}
    header = {"Authorization": f"Bearer {slack.bot_token}"}
    form = {**args, "blocks": json.dumps([SECTION]), "token": slack.bot_token}
    requests: list[dict[str, Any]] = [
        {"data": form},
        {"json": {**args, "blocks": [SECTION]}, "headers": header},
        {"params": form},
        {"json": [1], "headers": header},
        {"data": "{", "headers": {**header, "Content-Type": "application/json"}},
        {"json": {}, "headers": header},
    ]
    answers = []
    for request in requests:
        async with session.post(slack.url + "chat.postMessage", **request) as answer:
            answers.append((await answer.json()).get("error", "ok"))
    assert answers == ["ok", "ok", "ok", "json_not_object", "invalid_json", "invalid_arguments"]
    assert [message.plain for message in slack.messages(channel)] == ["plain"] * 3


async def test_what_is_no_form_and_no_json_is_refused_and_can_be_shown(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    file = aiohttp.FormData({"channel": "C1"})
    file.add_field("file", b"x", filename="notes.txt")
    requests: list[dict[str, Any]] = [
        {"data": file},
        {"data": b"no parts", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"a=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=klingon"}},
        {"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}},
    ]
    answers = []
    for request in requests:
        async with session.post(slack.url + "chat.postMessage", **request) as answer:
            answers.append((await answer.json())["error"])
    assert answers == ["not_authed", "invalid_form_data", "invalid_form_data", "invalid_json"]
    assert slack.calls[0].args == {"channel": "C1", "file": "notes.txt"}
    assert json.dumps(ClientState(slack).snapshot())


async def test_no_web_page_makes_calls(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    slack.server_errors(1)
    async with session.post(slack.url + "auth.test", headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403
    assert (slack.calls, slack.server_errors_left) == ([], 1)


async def test_where_the_app_may_write(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, away = slack.user("Ann"), slack.channel("away", bot_is_member=False)
    secret, old = slack.channel("secret", private=True, bot_is_member=False), slack.channel("old")
    slack.archive(old)
    general = slack.channel("general", members=[ann])
    ts = await slack.say(ann, general, "hi")
    assert await refused(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"
    assert await refused(client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"
    assert await refused(client.chat_postMessage(channel=away, text="x")) == "not_in_channel"
    assert await refused(client.chat_postMessage(channel=old, text="x")) == "is_archived"
    assert await refused(client.chat_postMessage(channel=general, text="x", thread_ts="1.0")) == "thread_not_found"
    assert await refused(client.chat_update(channel=general, ts="1.0", text="x")) == "message_not_found"
    assert await refused(client.chat_update(channel=general, ts=ts, text="x")) == "cant_update_message"
    assert await refused(client.chat_delete(channel=general, ts=ts)) == "cant_delete_message"
    assert await refused(client.chat_postEphemeral(channel=general, user="U404", text="x")) == "user_not_in_channel"
    await client.chat_postEphemeral(channel=general, user=ann, text="psst")
    assert [message.plain for message in slack.ephemerals(general, ann)] == ["psst"]
    assert len(slack.messages(general)) == 1


async def test_what_an_update_keeps_and_takes_away(slack: LocalSlack, client: AsyncWebClient, clock: Clock) -> None:
    channel = slack.channel("general")
    ts = (await client.chat_postMessage(channel=channel, text="one", blocks=[RICH]))["ts"]

    async def update(**args: Any) -> Any:
        clock.now += 1.0
        await client.api_call("chat.update", json={"channel": channel, "ts": ts, **args})
        [message] = slack.messages(channel)
        return message

    assert await refused(client.chat_update(channel=channel, ts=ts, text="x", blocks=[SECTION])) == "block_mismatch"
    assert await refused(client.chat_update(channel=channel, ts=ts, text="x" * 4_001, blocks=[RICH])) == "msg_too_long"
    message = await update(text="two", blocks=[RICH, SECTION])
    assert (message.text, message.plain, message.edited) == ("two", "rich\nplain", None)
    message = await update(blocks=[RICH])
    assert (message.text, message.plain) == ("two", "rich")
    message = await update(metadata={"event_type": "a", "event_payload": {}})
    assert (message.plain, message.metadata["event_type"]) == ("rich", "a")
    message = await update(text="three")
    assert (message.plain, message.blocks, bool(message.edited)) == ("three", (), True)
    assert [(edit.at, edit.text) for edit in message.edits] == [
        (1001, "two"),
        (1002, "two"),
        (1003, "two"),
        (1004, "three"),
    ]
    await client.chat_delete(channel=channel, ts=ts)
    assert slack.messages(channel) == []


async def test_live_mentions_are_noted_at_post_and_at_update(slack: LocalSlack, client: AsyncWebClient) -> None:
    channel = slack.channel("general")
    ts = (await client.chat_postMessage(channel=channel, text="<!channel>", blocks=[SECTION]))["ts"]
    assert slack.pings == []
    await client.chat_update(channel=channel, ts=ts, text="x", blocks=[LOUD])
    await client.chat_postMessage(channel=channel, text="<@U1>")
    assert [ping.target for ping in slack.pings] == ["channel", "U1"]
    assert slack.violations == []
    await client.chat_postMessage(channel=channel, text="@here", link_names=True)
    assert [ping.target for ping in slack.pings][2:] == ["here"]
    assert "link_names" in slack.violations[0]


async def test_previews_and_other_bad_habits_are_noted(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    root = await slack.say(ann, channel, "hi")
    text = "see https://evil.example/?q=secret"
    await client.chat_postMessage(channel=channel, text=text, unfurl_links=False, unfurl_media=False, thread_ts=root)
    assert slack.previews == []
    await client.chat_postMessage(channel=channel, text=text, unfurl_links=False)
    assert [preview.url for preview in slack.previews] == ["https://evil.example/?q=secret"]
    reply = slack.thread(channel, root)[1].ts
    await client.chat_postMessage(channel=channel, text="x" * 40_001, thread_ts=reply)
    assert [len(message.text) for message in slack.thread(channel, root)][2:] == [40_000]
    assert ["the ts of a reply" in slack.violations[0], "was cut" in slack.violations[1]] == [True, True]


async def test_a_status_line_lasts_two_minutes_or_to_the_next_message(
    slack: LocalSlack, client: AsyncWebClient, clock: Clock
) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    ts = await slack.say(ann, channel, "hi")

    async def think(**args: Any) -> str:
        await client.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status="is thinking…", **args)
        return slack.status(channel, ts)

    assert await think(loading_messages=["Reading", "Writing"]) == "is thinking…"
    clock.now += 119.0
    assert slack.status(channel, ts) == "is thinking…"
    clock.now += 1.0
    assert slack.status(channel, ts) == ""
    await think()
    await client.chat_postMessage(channel=channel, text="elsewhere")
    assert slack.status(channel, ts) == "is thinking…"
    await client.chat_postMessage(channel=channel, text="done", thread_ts=ts)
    assert slack.status(channel, ts) == ""
    assert await refused(think(loading_messages=["x" * 51])) == "invalid_arguments"
    wrong = client.assistant_threads_setStatus(channel_id=channel, thread_ts="1.0", status="x")
    assert await refused(wrong) == "invalid_thread_ts"


async def test_a_stream_and_its_cliffs(slack: LocalSlack, client: AsyncWebClient, clock: Clock) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    root = await slack.say(ann, channel, "hi")
    who: dict[str, Any] = {"recipient_user_id": ann, "recipient_team_id": slack.team_id}
    start: dict[str, Any] = {"channel": channel, "thread_ts": root}
    assert await refused(client.chat_startStream(**start)) == "missing_recipient_user_id"
    assert await refused(client.chat_startStream(**start, recipient_user_id=ann)) == "missing_recipient_team_id"
    ts = (await client.chat_startStream(**start, **who, markdown_text="**a**"))["ts"]
    assert await refused(client.chat_update(channel=channel, ts=ts, text="x")) == "streaming_state_conflict"
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text=" b")
    assert await refused(client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 11_994)) == "msg_too_long"
    await client.chat_stopStream(channel=channel, ts=ts, blocks=[SECTION])
    assert slack.thread(channel, root)[-1].plain == "**a** b\nplain"
    late = client.chat_appendStream(channel=channel, ts=ts, markdown_text="c")
    assert await refused(late) == "message_not_in_streaming_state"
    ts = (await client.chat_startStream(**start, **who))["ts"]
    clock.now += 300.0
    assert await refused(client.chat_stopStream(channel=channel, ts=ts)) == "message_not_in_streaming_state"
    await client.chat_update(channel=channel, ts=ts, text="recovered")
    assert slack.thread(channel, root)[-1].plain == "recovered"
    direct = slack.dm(ann)
    root = await slack.say(ann, direct, "hi")
    assert (await client.chat_startStream(channel=direct, thread_ts=root, markdown_text="x"))["ok"]


async def test_the_chunks_of_a_stream(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann = slack.user("Ann")
    direct = slack.dm(ann)
    root = await slack.say(ann, direct, "hi")
    task = {"type": "task_update", "id": "1", "title": "Search", "status": "in_progress"}
    words = {"type": "markdown_text", "text": "a"}
    start: dict[str, Any] = {"channel": direct, "thread_ts": root}
    ts = (await client.chat_startStream(**start, chunks=[task, words]))["ts"]
    at: dict[str, Any] = {"channel": direct, "ts": ts}
    await client.chat_appendStream(**at, chunks=[{"type": "blocks", "blocks": [SECTION]}])
    assert slack.thread(direct, root)[-1].plain == "Search\na\nplain"
    both = client.chat_appendStream(**at, markdown_text="b", chunks=[words])
    assert await refused(both) == "cannot_provide_both_markdown_text_and_chunks"
    for chunk in ({"type": "text"}, {**task, "status": "done"}, {"type": "blocks", "blocks": ["x"]}):
        assert await refused(client.chat_appendStream(**at, chunks=[chunk])) == "invalid_chunks"
    wrong = {"type": "blocks", "blocks": [{"type": "section"}]}
    assert await refused(client.chat_appendStream(**at, chunks=[wrong])) == "invalid_blocks"
    assert await refused(client.api_call("chat.appendStream", json=at)) == "no_text"
    assert await refused(client.chat_stopStream(channel=direct, ts=root)) == "message_not_owned_by_app"


async def test_reading_a_thread(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, channel = slack.user("Ann Lee"), slack.channel("general")
    root = await slack.say(ann, channel, "root")
    said = [await slack.say(ann, channel, f"reply {n}", thread_ts=root) for n in range(5)]
    mark = {"event_type": "mark", "event_payload": {"id": "1"}}
    await client.chat_postMessage(channel=channel, text="ours", thread_ts=root, metadata=mark)

    async def texts(**args: Any) -> list[str]:
        answer = await client.conversations_replies(channel=channel, ts=root, **args)
        return [message["text"] for message in answer["messages"]]

    shown: list[str] = []
    roots: list[str] = []
    async for page in await client.conversations_replies(channel=channel, ts=root, limit=3):
        shown += [message["text"] for message in page["messages"]]
        roots += [message["thread_ts"] for message in page["messages"]]
    assert shown == ["root", *[f"reply {n}" for n in range(5)], "ours"]
    assert set(roots) == {root}
    assert await texts(latest=said[2]) == ["root", "reply 0", "reply 1"]
    assert await texts(latest=said[1], oldest=said[0], inclusive=True) == ["root", "reply 0", "reply 1"]
    whole = await client.conversations_replies(channel=channel, ts=root, include_all_metadata=True)
    assert whole["messages"][-1]["metadata"] == mark
    assert "metadata" not in (await client.conversations_replies(channel=channel, ts=root))["messages"][-1]
    assert [m["text"] for m in (await client.conversations_history(channel=channel))["messages"]] == ["root"]
    assert await refused(client.conversations_replies(channel=channel, ts="1.0")) == "thread_not_found"
    profile = (await client.users_info(user=ann))["user"]["profile"]
    assert profile["display_name"] == "Ann Lee"
    assert await refused(client.users_info(user="U404")) == "user_not_found"
    bot = (await client.bots_info(bot=slack.bot_id))["bot"]
    assert (bot["user_id"], f"xapp-1-{bot['app_id']}-" in slack.app_token) == (slack.bot_user_id, True)
    assert await refused(client.bots_info(bot="B404")) == "bot_not_found"
    assert (await client.conversations_info(channel=channel))["channel"]["is_member"] is True
    assert (await client.conversations_open(users=ann))["channel"]["id"] == slack.dm(ann)
    await client.reactions_add(channel=channel, timestamp=root, name="eyes")
    assert await refused(client.reactions_add(channel=channel, timestamp=root, name="eyes")) == "already_reacted"


async def test_a_file_goes_into_a_thread_and_comes_out(
    slack: LocalSlack, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    root = await slack.say(ann, channel, "hi", files=[("notes.txt", b"mine")])
    await client.files_upload_v2(
        channel=channel, thread_ts=root, content="whole", filename="answer.md", initial_comment="c"
    )
    message = slack.thread(channel, root)[-1]
    assert (message.text, message.files[0].name, message.files[0].content) == ("c", "answer.md", b"whole")
    address = f"{slack.origin}/files-pri/{slack.thread(channel, root)[0].files[0].id}/notes.txt"
    async with session.get(address, headers={"Authorization": f"Bearer {slack.bot_token}"}) as answer:
        assert await answer.read() == b"mine"
    async with session.get(address) as answer:
        assert answer.content_type == "text/html"
    nothing = client.files_completeUploadExternal(files=[{"id": "F404"}], channel_id=channel)
    assert await refused(nothing) == "file_not_found"


async def test_too_many_calls_and_the_wait(slack: LocalSlack, client: AsyncWebClient, clock: Clock) -> None:
    channel = slack.channel("general")
    for _ in range(5):
        await client.chat_postMessage(channel=channel, text="x")
    with pytest.raises(SlackApiError) as error:
        await client.chat_postMessage(channel=channel, text="x")
    answer = error.value.response
    assert (answer.status_code, answer.headers["Retry-After"], answer["error"]) == (429, "5", "ratelimited")
    assert slack.calls[-1].answer == "429"
    clock.now += 5.0
    await client.chat_postMessage(channel=channel, text="x")
    assert len(slack.messages(channel)) == 6


async def test_without_limits(session: aiohttp.ClientSession, clock: Clock) -> None:
    async with LocalSlack(enforce_limits=False) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
        channel = slack.channel("general")
        for _ in range(20):
            await client.chat_postMessage(channel=channel, text="x")
        assert len(slack.messages(channel)) == 20


async def test_a_method_needs_its_scope(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(scopes=SCOPES - {"chat:write", "im:history"}) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
        direct = slack.dm(slack.user("Ann"))
        with pytest.raises(SlackApiError) as error:
            await client.chat_postMessage(channel=direct, text="x")
        assert (error.value.response["error"], error.value.response["needed"]) == ("missing_scope", "chat:write")
        assert await refused(client.conversations_history(channel=direct)) == "missing_scope"
        assert (await client.conversations_history(channel=slack.channel("general")))["ok"]


async def test_faults_that_a_test_asks_for(slack: LocalSlack, client: AsyncWebClient) -> None:
    channel = slack.channel("general")

    def post() -> Any:
        return client.chat_postMessage(channel=channel, text="x")

    slack.refuse("chat.postMessage", "restricted_action", channel="C404")
    slack.refuse("chat.postMessage", "restricted_action", times=2, channel=channel)
    assert [await refused(post()), await refused(post())] == ["restricted_action"] * 2
    slack.limit("chat.postMessage", 7)
    assert await refused(post()) == "ratelimited"
    slack.server_error("chat.postMessage")
    with pytest.raises(SlackApiError) as error:
        await post()
    assert error.value.response.status_code == 500
    assert slack.messages(channel) == []
    slack.break_before("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await post()
    assert slack.messages(channel) == []
    slack.drop_reply("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await post()
    assert len(slack.messages(channel)) == 1
    slack.server_error("chat.postMessage")
    slack.no_faults()
    await post()
    assert len(slack.messages(channel)) == 2
    assert [call.injected for call in slack.calls] == [True] * 6 + [False]
    answers = [call.answer for call in slack.calls]
    assert answers == ["restricted_action"] * 2 + ["429", "500", "broken", "dropped", "ok"]


async def test_two_edits_in_flight_are_a_violation(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(latency=0.1) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
        channel = slack.channel("general")
        first, second = [(await client.chat_postMessage(channel=channel, text="x"))["ts"] for _ in range(2)]
        edits = [client.chat_update(channel=channel, ts=ts, text="y") for ts in (first, second)]
        await asyncio.gather(*edits)
        assert slack.violations == []
        await asyncio.gather(*[client.chat_update(channel=channel, ts=first, text=text) for text in "ab"])
        assert slack.violations == [f"two chat.update in flight for {channel}:{first}"]


async def test_waiting_tells_what_the_threads_look_like(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    seen: list[tuple[str, str]] = []
    slack.on_change(lambda kind, message: seen.append((kind, message.text)))
    root = await slack.say(ann, channel, "question")
    posting = asyncio.create_task(client.chat_postMessage(channel=channel, text="answer", thread_ts=root))
    await slack.until(lambda: len(slack.thread(channel, root)) == 2)
    await posting
    assert seen == [("posted", "question"), ("posted", "answer")]
    with pytest.raises(TimeoutError, match=r"(?s)chat.postMessage.*question.*answer"):
        await slack.until(lambda: False, timeout=0.01)


async def test_a_response_url_is_good_for_five_posts(
    slack: LocalSlack, client: AsyncWebClient, session: aiohttp.ClientSession, clock: Clock
) -> None:
    ann, channel = slack.user("Ann"), slack.channel("away", bot_is_member=False)
    runs = [await _response_url(slack, session, ann, channel) for _ in range(2)]
    hook = AsyncWebhookClient(runs[0], session=session)
    assert (await hook.send(text="one")).body == "ok"
    assert (await hook.send(text="two", replace_original=True)).status_code == 200
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["two"]
    assert (await hook.send(text="")).status_code == 400
    assert (await hook.send(text="all", response_type="in_channel")).status_code == 200
    assert [message.plain for message in slack.messages(channel)] == ["all"]
    assert (await hook.send(delete_original=True)).status_code == 200
    assert slack.ephemerals(channel, ann) == []
    refusal = await hook.send(text="six")
    assert (refusal.status_code, json.loads(refusal.body)["error"]) == (404, "used_url")
    clock.now += 1_801.0
    refusal = await AsyncWebhookClient(runs[1], session=session).send(text="late")
    assert json.loads(refusal.body)["error"] == "expired_url"


async def _response_url(slack: LocalSlack, session: aiohttp.ClientSession, user: str, channel: str) -> str:
    """The address that comes with a command, taken from the socket that a bare client holds."""
    client = AsyncWebClient(token=slack.app_token, base_url=slack.url, session=session)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with session.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        running = asyncio.create_task(slack.command(user, channel, "/flowise", "why?"))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await running).acked
    return str(envelope["payload"]["response_url"])


async def test_a_person_deletes_what_they_have_written(slack: LocalSlack) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    ts = await slack.say(ann, channel, "hi", files=["photo.png", "notes.unknown"])
    assert [file.mimetype for file in slack.messages(channel)[0].files] == ["image/png", "text/plain"]
    with pytest.raises(LookupError):
        slack.delete(channel, ts, user=slack.user("Bob"))
    slack.delete(channel, ts, user=ann)
    assert slack.messages(channel) == []
