"""Fills an answer with Markdown of every kind up to an exact number of words."""

from __future__ import annotations

from itertools import cycle

WORDS_AT_MOST = 20_000

_OPENING = (
    "I am a **stand-in model**, not an AI: this text is made to a length, not to a purpose.",
    "## What a long answer shows",
    "- text that **grows** while you read it\n- a list with `code` in it\n- a [link](https://docs.example.com/)",
    '```python\ndef greet(name: str) -> str:\n    return f"Hello, {name}"\n```',
    "| part | shown as |\n| --- | --- |\n| heading | bold line |\n| table | readable rows |",
    "## And the rest of it",
)

_SENTENCES = (
    "A stream of words arrives one by one, and the message in the channel follows it by edits.",
    "Each edit shows *all* that has come so far, so a lost edit loses nothing for the reader.",
    "When the text is longer than a message may be, it goes on in the next one.",
    "Paragraphs are the best places to cut, because nobody reads across them in one breath.",
    "A number such as 1,000 or a term such as `chatId` stays in one piece.",
    "Whoever asks for more words gets more words, and not one more than that.",
    "The **last** edit is the one that counts, for it is what people find there tomorrow.",
)

_SENTENCES_A_PARAGRAPH = 4


def essay(words: int) -> str:
    """Markdown of exactly `words` words (runs of anything but white space), at most WORDS_AT_MOST."""
    left = max(1, min(words, WORDS_AT_MOST))
    blocks: list[str] = []
    for block in _OPENING:
        size = len(block.split())
        if size <= left:
            blocks.append(block)
            left -= size
    sentences = cycle(_SENTENCES)
    while left:
        paragraph: list[str] = []
        for _ in range(_SENTENCES_A_PARAGRAPH):
            sentence = next(sentences).split()[:left]
            left -= len(sentence)
            paragraph += sentence
        blocks.append(_closed(" ".join(paragraph)))
    return "\n\n".join(blocks)


def _closed(paragraph: str) -> str:
    """The paragraph with a full stop at its end, also where the count cut a sentence."""
    return paragraph if paragraph.endswith(".") else paragraph.rstrip(",") + "."
