"""Makes the text that every bot is given to show: Markdown with a heading, code and a table, of an exact length.

No sentence comes twice, so that a word that is lost, doubled or out of place is found. Links, numbered lists and the
name of the code's language are left out, because what is shown of them differs from what is sent.
"""

from __future__ import annotations

from itertools import count

_HEAD = """Answer number {number} of this run, as **every** bot is given it.

## What an answer is made of

- words that come *one by one*
- a list, such as this one
- a piece of `code` in a line

```
def area(width: float, height: float) -> float:
    return width * height
```

| part | sent as | seen as |
| --- | --- | --- |
| heading | two signs | bold line |
| table | bars | rows |

## What follows it

"""
_WHO = ("A reader", "The channel", "Each thread", "Some model", "This answer", "The next edit", "A quiet server")
_DOES = ("waits for", "counts", "carries", "keeps", "shows")
_WHAT = ("a few words", "the last line", "every token", "its own order", "one more call", "a longer text", "the table")
_WHERE = ("in the morning", "over the wire", "at the end", "beside the others", "without a hurry", "under a limit")
_SENTENCES_A_PARAGRAPH = 5

LEAST = len(_HEAD.split()) + 1
"""The words of the shortest text."""


def essay(length: int, number: int) -> str:
    """Markdown of exactly `length` runs of anything but white space; `number` stands in its first line.

    Raises:
        ValueError: it is too short for its head.
    """
    head = _HEAD.format(number=number)
    left = length - len(head.split())
    if left < 1:
        raise ValueError(f"expected {LEAST} words or more")
    paragraphs: list[str] = []
    sentences = (_sentence(place) for place in count())
    while left:
        runs = " ".join(next(sentences) for _ in range(_SENTENCES_A_PARAGRAPH)).split()[:left]
        left -= len(runs)
        paragraphs.append(" ".join(runs))
    return head + "\n\n".join(paragraphs)


def _sentence(place: int) -> str:
    """The lists have lengths without a common divisor but for two sevens, which are shifted: all in all 1,470."""
    who, what = _WHO[place % 7], _WHAT[(place + place // 210) % 7]
    return f"{who} {_DOES[place % 5]} {what} {_WHERE[place % 6]}."
