"""Marks in an answer that cite its sources, by edits and by streams."""

from __future__ import annotations

from bot.flowise.events import SourceDocument, SourceDocuments, Token
from bot.reply.contract import BeganAnew, Finished, Place, Thinking
from bot.reply.edited import EditedReply
from bot.reply.native_first import NativeFirst
from bot.reply.responded import RespondedReply
from bot.reply.streams import Mode, StreamSupport
from bot.slack.calls import Accepted, Call, Posted, PostMessage, Respond, SetStatus, StopStream, UpdateMessage
from bot.slack.text.blocks import shown
from bot.slack.text.link_hosts import read
from tests.slack.text.test_citations import links

PLACE = Place(channel="C1", thread_ts="1.0", user="U1", team="T1")
A, B = "https://docs.example/a", "https://docs.example/b"
FOUND = SourceDocuments(
    (SourceDocument("Travel policy", url=A), SourceDocument("Leave", url=B), SourceDocument("c.pdf"))
)


def edited(**how: object) -> EditedReply:
    return EditedReply(PLACE, reference="r", interval=1.2, has_status=True, **how)  # type: ignore[arg-type]


def written(reply: EditedReply | NativeFirst | RespondedReply, now: float) -> list[Call]:
    """The calls that are due at this moment, but for those of the status line; all go through."""
    calls: list[Call] = []
    while (call := reply.next_call(now)) is not None:
        is_new = not isinstance(call, SetStatus | UpdateMessage | StopStream | Respond)
        reply.answered(call, Posted(str(100 + len(calls) + now)) if is_new else Accepted(), now)
        calls += [] if isinstance(call, SetStatus) else [call]
    return calls


def test_marks_become_links_with_the_ending_edit_and_not_before() -> None:
    reply = edited()
    for event in (Thinking(), Token("Thirty days [1], or more [3][2].")):
        reply.receive(event, 0.0)
    [post] = written(reply, 0.0)
    reply.receive(FOUND, 5.0)
    [growing] = written(reply, 5.0)
    assert isinstance(post, PostMessage)
    assert isinstance(growing, UpdateMessage)
    assert [link for link in links(growing.blocks) if link[0].startswith("[")] == []
    reply.receive(Finished(), 10.0)
    [ending] = written(reply, 10.0)
    assert isinstance(ending, UpdateMessage)
    assert links(ending.blocks) == [("[1]", A), ("[2]", B), ("Travel policy", A), ("Leave", B)]
    assert "[3] c.pdf" in shown(ending.blocks)
    assert reply.done


def test_a_full_message_that_stands_is_not_edited_for_its_marks() -> None:
    reply = edited()
    reply.receive(Thinking(), 0.0)
    reply.receive(Token("A paragraph [1] that is long enough. " * 500), 0.0)
    posts = [call for now in range(0, 100, 5) for call in written(reply, float(now))]
    assert len(posts) > 1
    reply.receive(FOUND, 100.0)
    reply.receive(Finished(), 100.0)
    [ending] = [call for now in range(100, 200, 5) for call in written(reply, float(now))]
    assert isinstance(ending, UpdateMessage)
    assert ("[1]", A) in links(ending.blocks)
    assert reply.done


def test_an_answer_that_is_posted_whole_has_links_in_every_message() -> None:
    reply = edited()
    for event in (Thinking(), Token("A paragraph [1] that is long enough. " * 500), FOUND, Finished()):
        reply.receive(event, 0.0)
    posts = [call for now in range(0, 100, 5) for call in written(reply, float(now))]
    assert len(posts) > 1
    assert all(isinstance(post, PostMessage) and ("[1]", A) in links(post.blocks) for post in posts)


def test_marks_of_a_text_that_was_replaced_count_no_more() -> None:
    reply = edited()
    for event in (Thinking(), Token("[9] [1]"), BeganAnew(), Token("Only [2]."), FOUND, Finished()):
        reply.receive(event, 0.0)
    [post] = written(reply, 0.0)
    assert isinstance(post, PostMessage)
    assert links(post.blocks)[0] == ("[2]", B)


def test_a_number_that_is_no_source_s_leaves_all_as_it_is() -> None:
    reply = edited()
    for event in (Thinking(), Token("[1] and [4]"), FOUND, Finished()):
        reply.receive(event, 0.0)
    [post] = written(reply, 0.0)
    assert isinstance(post, PostMessage)
    assert links(post.blocks) == [("Travel policy", A), ("Leave", B)]
    assert "[3]" not in shown(post.blocks)


def test_marks_lead_only_to_hosts_that_are_named() -> None:
    reply = edited(hosts=read("elsewhere.example"))
    for event in (Thinking(), Token("[1]"), FOUND, Finished()):
        reply.receive(event, 0.0)
    [post] = written(reply, 0.0)
    assert isinstance(post, PostMessage)
    assert links(post.blocks) == []
    assert "[1] Travel policy" in shown(post.blocks)


def test_a_response_url_gets_the_links_too() -> None:
    reply = RespondedReply(PLACE, invite="/invite @bot")
    for event in (Thinking(), Token("[1]"), FOUND, Finished()):
        reply.receive(event, 0.0)
    _, answer = written(reply, 0.0)
    assert isinstance(answer, Respond)
    assert links(answer.blocks)[0] == ("[1]", A)


def test_the_list_under_a_stream_has_the_numbers_of_its_marks() -> None:
    reply = NativeFirst(PLACE, reference="r", interval=1.2, most=5, streams=StreamSupport(Mode.STREAM))
    reply.receive(Thinking(), 0.0)
    reply.receive(Token("Thirty days [1], "), 0.0)
    assert written(reply, 0.0)
    for event in (Token("or more [3]. "), FOUND, Finished()):
        reply.receive(event, 5.0)
    *_, stop = written(reply, 5.0)
    assert isinstance(stop, StopStream)
    assert shown(stop.blocks).split() == ["Sources", "[1]", "Travel", "policy", "[2]", "Leave", "[3]", "c.pdf"]
