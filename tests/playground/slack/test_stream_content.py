"""What a native stream shows of the chunks that made it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.slack.blocks import objects
from bot.playground.slack.plain import plain
from bot.playground.slack.rules import Refusal, check_blocks
from bot.playground.slack.stream_content import Content, Task, too_long


def grown(*chunks: dict[str, Any], as_plan: bool = False) -> Content:
    content = Content(as_plan=as_plan)
    for chunk in chunks:
        content = content.grown(chunk)
    check_blocks(content.blocks)
    return content


def words(text: str) -> dict[str, Any]:
    return {"type": "markdown_text", "text": text}


def task(number: int, title: str, status: str = "in_progress", **more: Any) -> dict[str, Any]:
    return {"type": "task_update", "id": str(number), "title": title, "status": status, **more}


SOURCE = {"type": "url", "url": "https://example.com", "text": "Example"}


def test_words_and_tasks_stand_in_the_order_in_which_they_came() -> None:
    content = grown(words("a"), words("b"), task(1, "Search"), words("c"), {"type": "blocks", "blocks": []}, words("d"))
    assert [block["type"] for block in content.blocks] == ["markdown", "task_card", "markdown"]
    assert (plain("", content.blocks), content.markdown) == ("ab\nSearch\ncd", "abcd")


def test_a_task_changes_in_place() -> None:
    content = grown(
        task(1, "Searching", details="one", sources=[SOURCE]),
        words("text"),
        task(1, "Searched", "complete", details=" two", output="found", sources=[SOURCE]),
    )
    card, _ = content.blocks
    assert (card["task_id"], card["title"], card["status"], card["sources"]) == ("1", "Searched", "complete", [SOURCE])
    assert plain("", [card]) == "Searched\none two\nfound"


def test_a_plan_gathers_the_tasks() -> None:
    content = grown(words("Hi"), task(1, "Look"), words(" there"), task(2, "Think", "pending"), as_plan=True)
    markdown, plan, rest = content.blocks
    assert (markdown["text"], rest["text"], plan["title"]) == ("Hi", " there", "Think")
    assert [item["title"] for item in objects(plan) if item.get("type") == "task_card"] == ["Look", "Think"]
    named = content.grown({"type": "plan_update", "title": "Two steps"})
    assert plain("", named.blocks) == "Hi\nTwo steps\nLook\nThink\n there"
    # Where tasks stand between the words, there is no plan to have a title.
    assert grown({"type": "plan_update", "title": "Two steps"}).blocks == ()


@pytest.mark.parametrize(
    "chunk",
    [
        task(1, "x", "done"),
        task(1, ""),
        {**task(1, "x"), "id": 1},
        task(1, "x", details=["y"]),
        task(1, "x", sources=[{"type": "url", "url": "https://example.com"}]),
        task(1, "x", sources="https://example.com"),
        {"type": "plan_update"},
        {"type": "text", "text": "x"},
        "x",
    ],
)
def test_chunks_that_are_none(chunk: Any) -> None:
    with pytest.raises(Refusal, match="invalid_chunks"):
        Content().grown(chunk)


def test_a_field_may_be_too_long_for_its_page_but_not_for_slack() -> None:
    assert too_long(task(1, "x" * 257, details="y" * 256)) == ["title"]
    assert too_long(words("x" * 257)) == []
    assert Content().grown(task(1, "x" * 257)).pieces == (Task("1", "x" * 257, "in_progress"),)
