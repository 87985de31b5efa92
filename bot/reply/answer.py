"""Collects an answer: its text, sources, tools and remarks, how it ended, and the blocks that stand under the text."""

from __future__ import annotations

from typing import Generic, assert_never

from bot.flowise.events import (
    CalledTools,
    ResultFile,
    ResultFiles,
    SourceDocuments,
    StepEvent,
    Token,
    UsedTools,
    WordsWhole,
)
from bot.reply.answer_buttons import answer_buttons
from bot.reply.contract import (
    LONGEST,
    MOST_BREAKS,
    AnswerButtons,
    ArrivedEvent,
    BeganAnew,
    DecisionOffered,
    Ending,
    Failed,
    FetchingRest,
    Finished,
    Footnote,
    Heard,
    KeptEvent,
    OverLimit,
    ParagraphBreak,
    PassagesOffered,
    ProgressEvent,
    Queued,
    Remark,
    Sentence,
    Stopped,
    Stopping,
    TextComplete,
    Thinking,
    WaitingForRun,
)
from bot.reply.decision import decision
from bot.reply.growing_text import T_co
from bot.reply.made_files import REST, MadeFiles, WhyLost
from bot.reply.source_list import SourceList
from bot.reply.steps import Steps
from bot.reply.waiting import sentence_of
from bot.slack import wording, wording_of_failures, wording_of_files
from bot.slack.help_contact import NOBODY
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import ask_again, note, support_note, tools_block
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts


class Answer(Generic[T_co]):
    """The answer so far. Its text goes into `text`.

    `sentence` is a sentence of ours that is the whole answer; empty where Flowise was asked. While `thinking`, Flowise
    is at work, and `running` names the tools it uses now. While `stopping`, nothing more is shown until it has ended.
    `fetching` is set while the rest of the answer is looked for. `asks` says whom a person should ask when it fails, in
    Slack's mrkdwn. The reply tells `steps` with their times. Links are made on `hosts` alone. Unless it
    `attaches` the files that its flow has made, it names them.
    """

    def __init__(
        self,
        text: T_co,
        asks: str = NOBODY,
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
        *,
        attaches: bool = True,
    ) -> None:
        self.steps = steps or Steps()
        self._asks_for_help = asks
        self.ended = False
        self.words_whole = False
        """Nothing more of its text comes, though it has not ended."""
        self.thinking = False
        self.running: tuple[str, ...] = ()
        self.fetching: FetchingRest | None = None
        self.sentence = ""
        self._version = 0
        self._rest_is_lost = False
        self._text = text
        self._length = 0
        self._waiting = ""
        self.sources = SourceList(hosts)
        self._files = MadeFiles(attaches=attaches)
        self._used: tuple[str, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._heard = ""
        self._footnote = ""
        self._failure: Failed | None = None
        self._decision: DecisionOffered | None = None
        self._stopped: Stopped | None = None
        self._buttons: AnswerButtons | None = None
        self.stopping = False
        self._break_due = False
        self._breaks = 0
        self._has_words = False
        self._is_stored = False

    @property
    def is_stopped(self) -> bool:
        """Whether a person has stopped it."""
        return self._stopped is not None

    @property
    def is_silent(self) -> bool:
        """Whether nothing is to be said where nothing stands."""
        return self._stopped is not None and self._stopped.silently

    @property
    def version(self) -> int:
        """Counts the changes that can be seen."""
        return self._version

    @property
    def text(self) -> T_co:
        """The answer's own text."""
        return self._text

    @property
    def length(self) -> int:
        """Characters of text received."""
        return self._length

    @property
    def urgent(self) -> bool:
        """Whether what is new must not wait for others' text: the answer has ended, or will not grow for a while."""
        return self.ended or self.words_whole or self.fetching is not None

    @property
    def is_changing(self) -> bool:
        """Whether its text is replaced by another one, which is shown when the answer has ended."""
        return self._is_stored and not self.ended

    @property
    def rest(self) -> str:
        """The Markdown that fits into no message, once the answer has ended."""
        return self._text.rest() if self.ended and not self.sentence and self._stopped is None else ""

    @property
    def empty(self) -> bool:
        """Whether there is no text to show. While it grows, half-open Markdown at its beginning is not shown yet."""
        if not self._has_words:  # asked with every token, so it is looked up only until there is text
            self._has_words = self._text.shows(growing=self.half_open)
        return not self._has_words

    @property
    def half_open(self) -> bool:
        """Whether Markdown at the end of the text is shown as half open: closed, or held back."""
        return not (self.ended or self.words_whole)

    def receive(self, event: ArrivedEvent) -> None:
        """Take an event. One that repeats an earlier one, or is no longer shown, leaves the `version` as it is."""
        if isinstance(event, StepEvent):
            return  # what else changes is shown with the steps as they are then
        self._version += self._begin_anew(event) if isinstance(event, BeganAnew) else self._changes(event)

    def _changes(self, event: KeptEvent | ProgressEvent) -> bool:  # noqa: C901, PLR0912 - one case an event
        """Note an event; whether it can be seen."""
        match event:
            case Token(text=text):
                changed = self._write(text)
            case CalledTools(names=names):
                changed, self.running = names != self.running, names
                self._break_due = self._break_due or bool(names)
            case SourceDocuments(documents=documents):
                changed = self.sources.replace(documents)
            case ResultFiles():
                changed = self._files.add(event)
            case UsedTools(names=names):
                changed, self._used = names != self._used, names
            case DecisionOffered():
                changed, self._decision = event != self._decision, event
            case AnswerButtons():
                changed, self._buttons = event != self._buttons, event
            case Heard(transcript=text):
                changed, self._heard = text != self._heard, text
            case Sentence(text=text):
                changed, self.sentence = True, text
            case Remark(text=text):
                changed, self._notes = True, (*self._notes, text)
            case PassagesOffered(value=value):
                changed = self.sources.offer(value)
            case Footnote(text=text):
                changed, self._footnote = text != self._footnote, text
            case (
                Queued()
                | OverLimit()
                | WaitingForRun()
                | Thinking()
                | FetchingRest()
                | ParagraphBreak()
                | WordsWhole()
                | TextComplete()
                | Stopping()
                | Finished()
                | Stopped()
                | Failed()
            ):
                changed = self._proceeds(event)
            case _:
                assert_never(event)
        return changed

    @property
    def made_files(self) -> tuple[ResultFile, ...]:
        """The files of its flow that are to be attached, once it has ended."""
        return self._files.attached if self.ended and self._stopped is None else ()

    def lose_file(self, key: str, why: WhyLost) -> None:
        """Note that a file could not be attached: the footer says so."""
        self._rest_is_lost = self._rest_is_lost or key == REST
        self._files.lose(key, why)
        self._version += 1

    def _proceeds(self, event: ProgressEvent) -> bool:
        """Take an event of the answer's progress; whether it can be seen."""
        match event:
            case Queued() | OverLimit() | WaitingForRun():
                self._waiting = sentence_of(event)
            case Thinking():
                self.thinking = True
            case FetchingRest():
                self.fetching, self.running = event, ()
            case Stopping():
                self.stopping = True
                return False
            case WordsWhole():
                return self._becomes_whole()
            case Finished() | Failed() | Stopped():
                self._end(event)
            case ParagraphBreak():
                self._break_due = True
                return False
            case TextComplete():
                return False
            case _:
                assert_never(event)
        return True

    def _becomes_whole(self) -> bool:
        """Note that nothing more of the text comes; whether that can be seen."""
        if self.empty or self.words_whole:
            return False
        self.words_whole, self.thinking, self.running = True, False, ()
        return True

    def _end(self, event: Ending) -> None:
        self._failure = event if isinstance(event, Failed) else None
        self._stopped = event if isinstance(event, Stopped) else None
        self.ended = True
        self.thinking = self.stopping = False
        self.running = ()
        self.fetching = None

    def _write(self, text: str) -> bool:
        """Take text; whether any of it can be seen."""
        had_tools = bool(self.running)
        if self.words_whole:  # it comes nevertheless
            self.words_whole, self.thinking = False, True
        self.fetching = None
        self.running = ()  # not every flow says that a tool has ended, but text does
        if not text or self._length > LONGEST:
            return had_tools
        if self._break_due and self._breaks < MOST_BREAKS:
            self._text.paragraph_break()
            self.sources.marks.paragraph_break()
            self._breaks += 1
        self._break_due = False
        self._text.append(text[: LONGEST - self._length])
        self.sources.marks.append(text[: LONGEST - self._length])
        self._length += len(text)
        if self._length > LONGEST:
            self._notes += (wording.TOO_LONG,)
        return True

    def _begin_anew(self, event: BeganAnew) -> bool:
        """Forget the text; whether that can be seen."""
        changed, self._has_words = self._length > 0, False
        self._is_stored = event.is_stored
        self._text.begin_anew()
        self.sources.marks.begin_anew()
        self._length = self._breaks = 0
        self._notes = tuple(note for note in self._notes if note != wording.TOO_LONG)
        return changed

    @property
    def waiting(self) -> str:
        """The sentence that says what the question waits for; empty when it does not wait."""
        return self._waiting

    def last_word(self, *, partly: bool) -> str:
        """The sentence that takes the place of missing text or, `partly`, stands under incomplete text."""
        if self._stopped is not None:
            return wording.stopped(self._stopped.outcome)
        if self._failure is None:
            # A flow that only asks for a decision or makes files, say: that remark is all there is.
            offered = (self._decision.sentence,) if self._decision else ()
            return next(iter((*offered, *self._remarks(alone=True))), wording.NOTHING_TO_SHOW)
        return wording_of_failures.failure(self._failure.error, partly=partly, follows=self._failure.follows)

    @property
    def support(self) -> str:
        """The last line of a failure, in Slack's mrkdwn: whom to ask, and the reference; empty without a failure."""
        failed = self._failure
        return wording_of_failures.support(failed.error, failed.reference, self._asks_for_help) if failed else ""

    @property
    def heading(self) -> Blocks:
        """The small line above the text: what was understood of a spoken question."""
        return (note(wording_of_files.heard(self._heard)),) if self._heard else ()

    def extras(self) -> Blocks:
        """The blocks under a last word."""
        ended_early = self._failure is not None or self._stopped is not None
        remarks = self._remarks(alone=not ended_early)
        notes = remarks if ended_early or self._decision is not None else remarks[1:]
        return (*map(note, notes), *self._work(), *self.sources.blocks, *self._last_lines(alone=True))

    def _remarks(self, *, alone: bool) -> tuple[str, ...]:
        """What is said under the text or, `alone`, where there is none: our remarks, and on files."""
        if self._stopped is not None or not (self.ended or self.words_whole):
            return self._notes
        return (*self._notes, *self._files.remarks(alone=alone and not self._notes))

    @property
    def folded(self) -> str:
        """One line for the steps and the tools; empty before the end, and where there is little to say."""
        return self.steps.folded(self._tools or (() if self._decision else self.steps.tools))

    @property
    def _tools(self) -> tuple[str, ...]:
        """The names of the tools that were used. Flowise names one as used that only waits to be allowed (measured on
        3.1.4)."""
        waiting = {tool.name for tool in self._decision.tools} if self._decision else set()
        return tuple(name for name in self._used if name not in waiting)

    def _work(self) -> Blocks:
        """One line that tells what was done: the steps with their tools, or the tools alone."""
        if folded := self.folded:
            return (note(folded),)
        return (tools_block(self._tools),) if self._tools else ()

    def _last_lines(self, *, alone: bool = False) -> Blocks:
        """What stands last of all: the buttons of a decision or of a whole answer and the footnote or, under a failure,
        the button to ask again and the support line. `alone`: there is no text above."""
        offered = decision(
            self._decision, with_sentence=not alone or self._failure is not None or self._stopped is not None
        )
        if self._failure is None:
            return (*offered, *self.buttons, *self.footnote)
        again = self._failure.again
        button = (ask_again(wording.ASK_AGAIN, again),) if again else ()
        return (*offered, *button, support_note(self.support))

    @property
    def buttons(self) -> Blocks:
        """What can be pressed under a whole answer; none before its end, nor where it has failed or was stopped. It can
        be regenerated only if it has words of its own."""
        is_whole = self.ended and self._failure is None and self._stopped is None
        return answer_buttons(self._buttons, has_words=not self.empty) if is_whole else ()

    def lose_buttons(self) -> bool:
        """Show none of them from now on; False if there are none."""
        had, self._buttons = bool(self.buttons), None
        self._version += had
        return had

    @property
    def footnote(self) -> Blocks:
        """The small line of ours that stands last of all; none under a failure, while a decision is needed, as no
        message is answered then, nor before it has come."""
        stands = self._footnote and self._failure is None and self._decision is None
        return (support_note(self._footnote),) if stands else ()

    def footer(self, *, with_work: bool = True) -> Blocks:
        """The blocks under the text: what failed or is fetched, remarks, work done, sources, and the last lines."""
        failed = (note(self.last_word(partly=True)),) if self._failure or self._stopped else ()
        rest = (note(wording.REST_LOST if self._rest_is_lost else wording.REST_ATTACHED),) if self.rest else ()
        fetching = (note(wording.FETCHING_REST),) if self.fetching else ()
        return (
            *failed,
            *fetching,
            *rest,
            *map(note, self._remarks(alone=False)),
            *(self._work() if with_work else ()),
            *self.sources.blocks,
            *self._last_lines(),
        )
