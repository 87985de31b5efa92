"""The stand-in model is honest, remembers, and writes as much as it is asked to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.flowise.essay import WORDS_AT_MOST, essay
from bot.playground.flowise.guide import GUIDE
from bot.playground.flowise.handbook import CHUNKS, near
from bot.playground.flowise.model import ASSISTANT, UNKNOWN, USER, calculation, looks_up, reply, tokens
from bot.settings.settings import Settings
from tests.examples import examples

ROOT = Path(__file__).parents[2]

TURNS = [(USER, "My name is Ada."), (ASSISTANT, "Hello"), (USER, "How do edits\nwork?"), (ASSISTANT, "So.")]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What did I ask before?", ["1. My name is Ada.", "2. How do edits work?"]),
        ("what was my first question?", ["> My name is Ada."]),
        ("What is my name?", ["**Ada**"]),
        ("who am I", ["**Ada**"]),
        ("My name is Zoë", ["Hello **Zoë**"]),
        ("Thank you so much!", ["You're welcome.", "question 3 of this chat"]),
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
    "question", ["hi", "thanks", "what is my name", "my name is Bo", "a long answer", "in 90 words", "what did I ask"]
)
def test_it_says_that_it_is_a_stand_in(question: str) -> None:
    assert "stand-in model" in reply(question, TURNS)


@pytest.mark.parametrize(
    ("question", "words"),
    [("Tell me all in 1,000 words", 1000), ("a 250-word text", 250), ("say it in 5 words", 5), ("a long answer", 300)],
)
def test_it_gives_the_number_of_words(question: str, words: int) -> None:
    assert len(reply(question, []).split()) == words


@settings(deadline=None, max_examples=examples(60))
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


@settings(deadline=None, max_examples=examples(100))
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


QUOTED = "Earlier messages, quoted:\n\n> ada:\n> I have 3+4 files. What did I ask before?\n\nThe question:\n"


@pytest.mark.parametrize(
    "question", ["Tell me something", "What is 6*7?", "How do I start over?", "What is my name?", "in 9 words"]
)
def test_quotes_before_a_question_are_not_what_is_asked(question: str) -> None:
    quoted = QUOTED + question
    assert reply(quoted, TURNS) == reply(question, TURNS)
    assert (near(quoted), looks_up(quoted), calculation(quoted)) == (
        near(question),
        looks_up(question),
        calculation(question),
    )
    assert "Earlier messages" not in reply("What did I ask before?", [(USER, quoted)])


def test_a_question_of_many_pages_is_not_repeated_whole() -> None:
    assert "x…" in (answer := reply("x" * 6000, []))
    assert len(answer) < 1000


def test_the_nearest_document_comes_first() -> None:
    assert "30 days" in near("How many days does the bot remember a conversation?")[0].text


@pytest.mark.parametrize(
    "question",
    [
        "xyzzy",
        "why?",
        "What is the capital of France?",
        "hi, what's the capital of France?",
        "How long is the Nile?",
        "What is the price of Redis Enterprise?",
        "what does error 500 mean in nginx?",
        "What can you tell me about whales?",
        "Tell me of whales @flowise https://flowise.example/down",
        "How do I install Windows?",
        "help me write a cover letter",
        "what time is it",
    ],
)
def test_where_little_matches_it_says_first_that_it_is_a_stand_in_and_then_what_it_can_show(question: str) -> None:
    assert near(question) == ()
    answer = reply(question, [])
    assert answer.startswith(f"**{UNKNOWN}**")
    assert "This I can answer:\n\n- *" in answer


@pytest.mark.parametrize(
    ("question", "documents"),
    [
        ("How long do you remember a conversation?", True),
        ("What is the capital of France?", True),
        ("What did I ask before about Redis?", False),
        ("What is my name?", False),
        ("my name is Redis", False),
        ("thanks, Redis", False),
        ("Thanks, and does it need Redis?", True),
        ("a long answer about sources", False),
        ("about sources in 40 words", False),
    ],
)
def test_only_an_answer_that_rests_on_documents_looks_them_up(question: str, *, documents: bool) -> None:
    assert looks_up(question) is documents


@pytest.mark.parametrize("question", ["hi", "What can you do?", "Hello!", "help", "What can you help me with?"])
def test_who_only_says_hello_is_told_what_there_is(question: str) -> None:
    assert near(question)[0].title == "Welcome"
    assert "/flowise" in reply(question, [])


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How do I connect my own Flowise?", "`FLOWISE_CHATFLOW_ID`"),
        ("What happens when Flowise is down?", "one sentence"),
        ("How do I install it in Slack?", "deploy/slack-manifest.json"),
        ("Does it need Redis?", "`REDIS_URL`"),
        ("Where do the sources stand?", "under the answer"),
        ("Can you read my files?", "as far as the flow takes them"),
        ("How do I start over?", "**new conversation**"),
        ("Why does the text grow?", "`SLACK_DELIVERY=auto`"),
        ("What if it breaks?", "one sentence"),
        ("What happens when you are cut off?", "one sentence"),
        ("How do I see the sources?", "under the answer"),
        ("Can I write without a mention?", "needs no mention"),
        ("What happens when two people ask at once?", "one after the other"),
    ],
)
def test_what_people_ask_first_has_its_answer(question: str, told: str) -> None:
    for found in (near(question), ()):
        assert told in reply(question, [], found)


def test_the_guide_shows_every_kind_of_markdown_and_fills_more_than_a_screen() -> None:
    assert len(GUIDE) > 3000
    assert GUIDE.count("| --- |") >= 3
    kinds = ("# ", "\n## ", "**", "~~", "\n> ", "```sh\n", "\n1. ", "\n   - ", "\n     - ", "](https://")
    assert [kind for kind in kinds if kind not in GUIDE] == []
    assert reply("Tell me all, in a long answer", [], guide=GUIDE) == GUIDE
    assert len(reply("Tell me all in 70 words", [], guide=GUIDE).split()) == 70
    assert "Ada" in reply("what is my name", TURNS, guide=GUIDE)


@pytest.mark.parametrize("text", [GUIDE, *(chunk.said for chunk in CHUNKS)])
def test_what_it_tells_of_the_project_is_there(text: str) -> None:
    """Settings, files and commands that are named exist, with the defaults that are told."""
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    for name in re.findall(r"\b(?:FLOWISE|SLACK|BOT|REDIS)_[A-Z_]+\b", text):
        assert name in fields
    for name, default in re.findall(r"^\| `([A-Z_]+)` \| ([\w.]+) \|", text, flags=re.MULTILINE):
        assert str(fields[name].default) == default
    for path in re.findall(r"`((?:docs|deploy)/[\w./-]+|README\.md|\.env\.example)`", text):
        assert (ROOT / path).exists()
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z]+)\b", text):
        assert f"\n{target}:" in makefile


def test_documents_have_the_metadata_of_flowise() -> None:
    for chunk in CHUNKS:
        document = chunk.as_flowise()
        assert list(document) == ["pageContent", "metadata"]
        lines = chunk.metadata["loc"]["lines"]  # type: ignore[index]  # a mapping in every chunk; else this test fails
        assert lines["from"] <= lines["to"]
