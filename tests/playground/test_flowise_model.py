"""Knows what the stand-in model must say: honest, remembering, as long as asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.flowise.essay import WORDS_AT_MOST, essay
from bot.playground.flowise.handbook import CHUNKS, find
from bot.playground.flowise.model import ASSISTANT, USER, calculation, reply, tokens

TURNS = [(USER, "My name is Ada."), (ASSISTANT, "Hello"), (USER, "How do edits\nwork?"), (ASSISTANT, "So.")]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What did I ask before?", ["1. My name is Ada.", "2. How do edits work?"]),
        ("what was my first question?", ["> My name is Ada."]),
        ("What is my name?", ["**Ada**"]),
        ("who am I", ["**Ada**"]),
        ("My name is Zoë", ["Hello **Zoë**"]),
        ("Tell me something", ["> Tell me something", "question 3 of this chat"]),
    ],
)
def test_it_answers_from_the_turns_of_the_chat(question: str, said: list[str]) -> None:
    answer = reply(question, TURNS)
    assert all(piece in answer for piece in said)


@pytest.mark.parametrize("question", ["What did I ask before?", "What is my name?", "my first question?"])
def test_it_invents_no_memory(question: str) -> None:
    answer = reply(question, [])
    assert "not" in answer
    assert "Ada" not in answer


def test_only_the_first_question_is_told_when_the_first_is_asked_for() -> None:
    assert "edits" not in reply("what was my first question?", TURNS)


@pytest.mark.parametrize(
    "question", ["hi", "what is my name", "my name is Bo", "a long answer", "in 90 words", "what did I ask"]
)
def test_it_says_that_it_is_a_stand_in(question: str) -> None:
    assert "stand-in model" in reply(question, TURNS)


@pytest.mark.parametrize(
    ("question", "words"),
    [("Tell me all in 1,000 words", 1000), ("a 250-word text", 250), ("say it in 5 words", 5), ("a long answer", 300)],
)
def test_it_gives_the_number_of_words(question: str, words: int) -> None:
    assert len(reply(question, []).split()) == words


@settings(deadline=None, max_examples=60)
@given(st.integers(min_value=1, max_value=2500))
def test_an_essay_has_exactly_its_words_and_whole_fences(words: int) -> None:
    text = essay(words)
    assert len(text.split()) == words
    assert text.count("```") in (0, 2)


def test_an_essay_has_an_end() -> None:
    assert len(essay(10**9).split()) == WORDS_AT_MOST


def test_a_long_answer_shows_every_kind_of_markdown() -> None:
    text = reply("a long answer, please", [])
    assert all(mark in text for mark in ("## ", "**", "\n- ", "`", "```python", "| --- |", "]("))


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet=st.sampled_from(list(" \n\tab.é\u2028")), max_size=60))
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what is 21*2?", ("21*2", "42")),
        ("0.5 + 1", ("0.5+1", "1.5")),
        ("7 / 0", ("7/0", "undefined")),
        ("no sum here", None),
    ],
)
def test_sums_are_calculated(question: str, expected: tuple[str, str] | None) -> None:
    assert calculation(question) == expected


def test_the_nearest_document_comes_first() -> None:
    assert "30 days" in find("How many days does the bot remember a conversation?")[0].text
    assert len(find("xyzzy", count=4)) == 4


def test_documents_have_the_metadata_of_flowise() -> None:
    for chunk in CHUNKS:
        document = chunk.as_flowise()
        assert list(document) == ["pageContent", "metadata"]
        lines = chunk.metadata["loc"]["lines"]  # type: ignore[index]  # a mapping in every chunk; else this test fails
        assert lines["from"] <= lines["to"]
