"""Holds the handbook that the local Flowise retrieves documents from, in the shape Flowise's loaders give them.

What stands in it is true of this bot; that it is a PDF, a web site and a file is invented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DOCS = "https://docs.example.com/flowise-slack"

# What people begin with, and words for it that no chunk but the overview has.
_OPENING = re.compile(r"^\W*(hi|hello|hey|help)\b|\bwhat (can|do|are) you\b|\bwho are you\b", re.IGNORECASE)
_OVERVIEW = "overview"
_QUESTION_BEGINS = "\nThe question:\n"
_NAMES = re.compile(r"https?://\S+|(?<!\w)[@#]\w[\w-]*")

# They say nothing about what a question is about.
_SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        about also and any anything are ask before bot can did does for from get give has have help here how
        into its just like make may more much not one please question say see some something tell than that the them
        then there these they this time too use was what when where which who why will with work works would you
        your
        """,
    )
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `title` is how the stand-in names the document in its text.

    `said` is the Markdown that the stand-in says where this chunk is the nearest; `about` are further words by which
    people ask for it.
    """

    title: str
    text: str
    metadata: Mapping[str, object]
    said: str
    about: str = ""

    def as_flowise(self) -> dict[str, object]:
        return {"pageContent": self.text, "metadata": dict(self.metadata)}


def _pdf(page: int, lines: tuple[int, int], text: str, said: str, about: str = "") -> Chunk:
    # As Flowise's PDF loader writes it with one document a page; the splitter adds the lines.
    info = {"PDFFormatVersion": "1.4", "IsAcroFormPresent": False, "IsXFAPresent": False, "Title": "Handbook"}
    pdf = {"version": "1.10.100", "info": info, "metadata": None, "totalPages": 12}
    loc = {"pageNumber": page, "lines": {"from": lines[0], "to": lines[1]}}
    metadata = {"source": "handbook.pdf", "blobType": "", "pdf": pdf, "loc": loc}
    return Chunk("handbook.pdf", text, metadata, said, about)


def _web(page: str, lines: tuple[int, int], text: str, said: str, about: str = "") -> Chunk:
    title = page.capitalize()
    metadata = {
        "source": f"{_DOCS}/{page}",
        "title": title,
        "loc": {"lines": {"from": lines[0], "to": lines[1]}},
    }
    return Chunk(title, text, metadata, said, about)


def _file(name: str, lines: tuple[int, int], text: str, said: str, about: str = "") -> Chunk:
    metadata = {"source": name, "loc": {"lines": {"from": lines[0], "to": lines[1]}}}
    return Chunk(name, text, metadata, said, about)


CHUNKS: tuple[Chunk, ...] = (
    _pdf(
        8,
        (4, 9),
        "The bot remembers a conversation for 30 days after its last use; the mapping is kept in Redis.",
        "**30 days**, counted anew with every question:\n\n"
        "- A thread is remembered for 30 days after its last use.\n"
        "- `BOT_CONVERSATION_DAYS` makes that longer or shorter.\n"
        "- What was said stays in **Flowise** and in Slack; Redis knows which chat a thread belongs to.\n"
        "- Redis also holds a question and what has come of its answer while I work on them, up to 7 days if they were "
        "abandoned. A question without an answer stays as long as its conversation, for *Try again*.",
        "memory forget long days keep kept history redis store stored",
    ),
    _web(
        "welcome",
        (1, 9),
        "The bot puts a Flowise chatflow into Slack: by mention, in direct messages, and as a command.",
        "Hello! I put a **Flowise chatflow** into Slack. With me you can\n\n"
        "- **ask in any channel**: mention me, and the answer grows in a thread while Flowise writes it,\n"
        "- **just write on** in that thread: I remember what was said,\n"
        "- **see the sources** an answer rests on, numbered, under its text,\n"
        "- **write to me directly**, or use `/flowise` and a question.\n\n"
        "Good next questions: *How do I connect my own Flowise?* or *What happens when Flowise is down?*",
        f"{_OVERVIEW} capabilities features flowise slack introduction",
    ),
    _web(
        "settings",
        (5, 14),
        "FLOWISE_URL is the server's base address, FLOWISE_CHATFLOW_ID the flow's id.",
        "**Two settings connect your own Flowise**, and a third one where the flow is protected:\n\n"
        "1. `FLOWISE_URL`: the server's base address, such as `http://localhost:3000`\n"
        "2. `FLOWISE_CHATFLOW_ID`: the last part of the flow's address in Flowise\n"
        "3. `FLOWISE_API_KEY`: the very key that is bound to the flow, if there is one\n\n"
        "To try it here before anything is installed, start the demo with them:\n\n"
        "```\nFLOWISE_URL=http://localhost:3000 FLOWISE_CHATFLOW_ID=your-flow make demo\n```",
        "connect connection own real server chatflow id key api address configure setup set environment try",
    ),
    _web(
        "threads",
        (1, 9),
        "A follow-up needs no mention: the next message in the thread goes on with the same Flowise chat.",
        "**Just write on.** In a thread that I have answered in, your next message is a follow-up:\n\n"
        "- it needs no mention, and goes on with the same Flowise chat,\n"
        "- a message that mentions somebody else is left to them,\n"
        "- with `BOT_FOLLOW_UPS=mentions` I only listen when I am mentioned.",
        "follow followup ups thread continue next again conversation mention write without",
    ),
    _web(
        "commands",
        (12, 20),
        "Write “new conversation” to start over, or “quiet” to silence the bot in a thread.",
        "Mention me with **new conversation** to start over: the next question begins a new chat.\n\n"
        "- *stop*, or the button under a growing answer, ends the answer.\n"
        "- *quiet* silences me in a thread until I am mentioned again.\n"
        "- In a direct message, `/flowise new` does the same as *new conversation*.\n"
        "- `/flowise help` shows all of this to you alone.",
        "start over reset clear silence stop command commands slash new quiet",
    ),
    _pdf(
        3,
        (1, 6),
        "An answer grows by edits of one message, as often as the limits of Slack allow (streaming).",
        "**You read while Flowise writes.** The answer is one message that grows:\n\n"
        "- by edits, a second or so apart, never more than Slack's rate limits allow,\n"
        "- or by Slack's own streaming, with `SLACK_DELIVERY=auto`,\n"
        "- and when many people ask at once, every answer grows a little more slowly, and none is dropped.",
        "stream streams streaming grow growing grows text edit edits fast speed live rate limits",
    ),
    _pdf(
        3,
        (7, 11),
        "While nothing is to be seen yet, a status line says that the bot is thinking.",
        "Until the first word comes, a line under the thread says that I am **thinking**, or which tool I am using. "
        "It goes away with the first words.",
        "thinking status wait waiting tool tools typing",
    ),
    _pdf(
        5,
        (1, 8),
        "Sources stand under the answer, numbered, one entry a document with its pages or lines.",
        "**Sources stand under the answer**, numbered:\n\n"
        "1. one entry for each document, however many pieces of it were used,\n"
        "2. with its pages or lines, and a link where the document has an address,\n"
        "3. with the passages themselves, for whoever presses *Passages*.\n\n"
        "They come from the flow's retriever: switch on *Return Source Documents* there.",
        "source sources document documents citation cite links retriever retrieval look",
    ),
    _file(
        "faq.md",
        (2, 4),
        "When Flowise fails, a sentence says what to do next; a failed turn is not remembered by Flowise.",
        "**You get one sentence** that says what happened and what to do next, with a reference for the log:\n\n"
        "- an answer that breaks off keeps what has come, and is marked as *incomplete*,\n"
        "- after three failures in a row I leave Flowise alone for a short while, and say so at once,\n"
        "- a question goes to Flowise once, even if I am restarted meanwhile.\n\n"
        "Try it here: choose a fault of Flowise in the *Inspector*, under *Controls*, and ask me something.",
        "down fail fails failure error errors fault faults wrong break breaks broken cut off slow happens crash lost "
        "away",
    ),
    _file(
        "faq.md",
        (9, 11),
        "Only one question at a time is answered in a thread; the next one waits for its turn.",
        "**In a thread, one after the other.** A second question waits for its turn and says so; other threads are "
        "answered meanwhile. A question that I have taken in is not lost when I am restarted.",
        "order queue turn twice same parallel many once people busy restart happens",
    ),
    _web(
        "install",
        (3, 17),
        "The app is made from a manifest; a bot token and an app-level token are all that Slack has to give.",
        "**Once, in four steps:**\n\n"
        "1. At [api.slack.com/apps](https://api.slack.com/apps) create an app *from a manifest*: "
        "`deploy/slack-manifest.json`.\n"
        "2. Install it, and copy the bot token (`xoxb-…`).\n"
        "3. Make an app-level token (`xapp-…`) with `connections:write`.\n"
        "4. Put both into `.env`, beside `FLOWISE_URL` and `FLOWISE_CHATFLOW_ID`, and `make run`.\n\n"
        "`make doctor` then says what is missing, and what to click.",
        "install installation workspace slack manifest token tokens app admin deploy run production real",
    ),
    _web(
        "settings",
        (30, 38),
        "Without REDIS_URL a private Valkey is started, which means one replica only.",
        "**Nothing, to begin with:** without `REDIS_URL` I start a private Valkey of my own.\n\n"
        "- For several replicas, or in a container, give me a Redis 7 or 8, or a Valkey.\n"
        "- Sentinel and Cluster are fine: `redis+sentinel://…`, `redis+cluster://…`.",
        "redis valkey replica replicas database sentinel cluster need scale",
    ),
    _file(
        "faq.md",
        (14, 18),
        "Questions go to the Flowise that is set and nowhere else; attached files are read where the flow takes them.",
        "**To your Flowise, and nowhere else.** Questions and answers are not logged, and secrets are taken out of the "
        "log. I read attached files as far as the flow takes them: pictures, documents, voice clips. I keep none.",
        "privacy private data secret secrets log logs file files attach attachment image security leave machine",
    ),
)


def without_quotes(question: str) -> str:
    """What a person asked: a client may have put quotes before it, and then a line that says where it begins."""
    return question.rpartition(_QUESTION_BEGINS)[2]


def near(question: str, count: int = 3) -> tuple[Chunk, ...]:
    """The chunks that answer the question, best first: those that have more than half of its words. Of one that has
    fewer it is not known whether it is about what is asked."""
    asked = _asked(question)
    near_enough = [chunk for chunk in CHUNKS if 2 * _shared(asked, chunk) > len(asked)]
    return tuple(sorted(near_enough, key=lambda chunk: -_shared(asked, chunk))[:count])


def _asked(question: str) -> set[str]:
    """The words that a question is about: no greeting, and no name or address of anything."""
    question = without_quotes(question)
    words = _words(_OPENING.sub(" ", _NAMES.sub(" ", question)))
    return words | ({_OVERVIEW[:_STEM]} if _OPENING.search(question) else set())


def _shared(asked: set[str], chunk: Chunk) -> int:
    return len(asked & _words(f"{chunk.text} {chunk.about}"))


# Six letters make "remember" and "remembers" one word.
_STEM = 6


def _words(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[^\W_]{3,}", text.lower()) if word not in _SMALL_WORDS}
