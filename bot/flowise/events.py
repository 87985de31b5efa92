"""Names the events of Flowise's stream that matter to an answer, each as a frozen value.

They are of three sorts. A `ShownEvent` is part of the answer that a person sees in Slack; a `StepEvent` tells how far
the flow is while the answer is made; a `SteeringEvent` says only how the answer is to be read, stored or ended. Every
`match` over events ends in `assert_never`, so that mypy names the places where a new event needs a decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer's text; may be a word, or, from nodes that do not stream, the whole answer."""

    text: str


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One retrieved chunk, by what its metadata says of where it is from.

    `url` is http(s) or None. `page` counts from 1 where that can be told; `lines` are the first and the last. `row` is
    a row of `sheet`, counted as Excel does. `number` is its place among the flow's documents, counted from 1, where one
    before it could not be read; else 0.
    """

    title: str
    url: str | None = None
    page: str | None = None
    lines: tuple[int, int] | None = None
    slide: int | None = None
    sheet: str | None = None
    row: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class SourceDocuments:
    """All source documents of the answer so far: replaces what an earlier event said.

    `passages` are their texts, each bounded, as many as there are documents; none where it is not known. They are shown
    only to who asks for them, and stand in no log.
    """

    documents: tuple[SourceDocument, ...]
    passages: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that the flow has made, by its name; one without a name has a `mark` that tells it from others.

    `kind` is what its maker calls it, such as "png" or "markdown". `stored` is the name under which Flowise keeps it,
    empty where it does not: then `content` is what it holds, as a `data:` URI or as text. That is kept while the file
    is brought to Slack, and stands in no journal and no log.
    """

    name: str
    mark: str = ""
    kind: str = field(default="", compare=False)
    stored: str = field(default="", compare=False)
    content: str = field(default="", compare=False, repr=False)

    @property
    def key(self) -> str:
        """What tells it from the other files of its answer."""
        return f"{self.mark}:{self.name}"


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Files that the flow has made: adds to what earlier events said. With `more`, there are others that are not told
    apart."""

    files: tuple[ResultFile, ...]
    more: bool = False

    def and_later(self, later: ResultFiles, most: int = 100) -> ResultFiles:
        """These files and later ones, each once, `most` of them at most."""
        if self.more >= later.more and later.files == self.files[: len(later.files)]:
            return self  # the same list again, as most are
        files = tuple(dict.fromkeys((*self.files, *later.files)))
        return ResultFiles(files[:most], self.more or later.more or len(files) > most)

    @property
    def without_contents(self) -> ResultFiles:
        """The same files, without what they hold."""
        if not any(file.content for file in self.files):
            return self
        return ResultFiles(tuple(replace(file, content="") for file in self.files), self.more)


@dataclass(frozen=True, slots=True)
class UsedTools:
    """The names of all tools the answer has used, in order, each once: replaces what an earlier event said."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalledTools:
    """The tools that are running now; empty: none is. Text before and after a tool call are two paragraphs."""

    names: tuple[str, ...]


class StepState(Enum):
    """How far a step of a flow is."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    """The step failed. The run may go on all the same: an iteration does after an item of it has failed."""
    STOPPED = "stopped"
    """It ended before it was done: the run was stopped."""
    WAITING = "waiting"
    """It waits for a person's decision."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the flow has begun or ended. `key` tells it from steps of the same `name`, and is the same each time it
    runs."""

    key: str
    name: str
    state: StepState


@dataclass(frozen=True, slots=True)
class AgentsSpoke:
    """The names of the agents that have spoken so far, in order, with repetitions: replaces what came before."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelThinking:
    """The model thinks; or, when it has `ended`, no longer does. What it thinks is never read."""

    ended: bool = False


@dataclass(frozen=True, slots=True)
class AgentflowStarted:
    """The run is an agent flow's: the abort endpoint can stop it."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a flow would use if it is allowed to: its name, the id of the call, and the arguments as (name,
    value), all cut short."""

    name: str
    call_id: str = ""
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The flow has stopped and waits for a person's decision between two labels.

    `node_id` is the node that waits; empty: an older multi-agent flow. `asks_feedback`: a comment may go along.
    `tools` are to be allowed by it.
    """

    id: str = ""
    approve: str = ""
    reject: str = ""
    node_id: str = ""
    node_label: str = ""
    asks_feedback: bool = False
    tools: tuple[ToolCall, ...] = ()

    @property
    def can_be_made(self) -> bool:
        """Whether enough is known of it to make it from here."""
        return bool(self.id and self.approve and self.reject)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The ids of the turn, sent once, just before the end. Empty strings where the server sent none.

    `question` is what Flowise has taken for the question: of one that was spoken, the transcript. `follow_ups` are
    questions that the flow suggests to go on with.
    """

    chat_id: str
    chat_message_id: str = ""
    question: str = ""
    follow_ups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """A node's model has read and written so many tokens, which whoever runs it pays for: adds to what came before."""

    count: int


@dataclass(frozen=True, slots=True)
class WordsWhole:
    """All words of the answer have come. Flowise may work on for seconds: on follow-up prompts, on speech."""


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """The flow reported an error. `message` is Flowise's raw text: for the log only."""

    message: str


@dataclass(frozen=True, slots=True)
class End:
    """Flowise's last event. Only this proves an answer complete.

    `text_may_differ`: the text that Flowise has stored may be another one than its tokens were.
    """

    text_may_differ: bool = False


ShownEvent: TypeAlias = Token | SourceDocuments | ResultFiles | UsedTools | CalledTools
"""An event that changes what a person sees. The reply shows it, and the journal keeps it for another process."""

StepEvent: TypeAlias = Step | AgentsSpoke | ModelThinking
"""An event that people see only while the answer is made. No other process needs it to go on with the answer."""

SteeringEvent: TypeAlias = AgentflowStarted | Decision | TokensUsed | WordsWhole | Metadata | ErrorReported | End
"""An event that nobody sees. It decides what is stored, asked or reported."""

Event: TypeAlias = ShownEvent | StepEvent | SteeringEvent
