"""Gives an answer to one person through a command's response URL, within its five uses."""

from __future__ import annotations

from html import unescape

from bot.pacing.permits import Kind, Want
from bot.reply.contract import ArrivedEvent, Place
from bot.reply.pace import Losses
from bot.reply.paged import PagedAnswer
from bot.reply.steps import Steps
from bot.slack import wording
from bot.slack.calls import Accepted, Call, Limited, Lost, Posted, Refused, Respond, Result
from bot.slack.help_contact import NOBODY
from bot.slack.refusals import SHAPE
from bot.slack.text.blocks import fallback, note, plain, sentence_blocks, shown
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.pages import Page

# Five uses in 30 minutes (Slack docs, Handling user interaction): one says what is going on, four are the answer's.
_ANSWER_USES = 4
_LIFE = 1800.0
"""The seconds for which a response URL is valid."""
# A page whose shape Slack refuses is sent again as plain text in a block, then without blocks. So are those after it:
# a page that was sent cannot be taken back, so every form must hold the same text on each page.
_PLAINEST = 2


class RespondedReply:
    """A `Reply` for a place where the bot may not post: a sentence at once, the whole answer at the end."""

    def __init__(
        self,
        place: Place,
        *,
        invite: str,
        asks: str = NOBODY,
        steps: Steps | None = None,
        hosts: LinkHosts = ANY_HOST,
    ) -> None:
        self._place = place
        self._answer = PagedAnswer(asks=asks, steps=steps, hosts=hosts, attaches=False)
        self._greeting: Page | None = _greeting(invite)
        self._given = 0
        self._held_until = 0.0
        self._losses = Losses()
        self._plainness = 0
        self._given_up = ""
        self._over = False

    def receive(self, event: ArrivedEvent, now: float) -> None:
        self._answer.steps.receive(event, now)
        self._answer.receive(event)

    def next_call(self, now: float) -> Call | None:
        self._answer.catch_up()
        if self._over or now < self._held_until:
            return None
        page = self._greeting or self._next_page()
        if page is None:
            return None
        page = _plainer(page, self._plainness)
        return Respond(response_url=self._place.response_url, text=page.text, blocks=page.blocks)

    def _pages(self) -> tuple[Page, ...]:
        pages = self._answer.pages(shows_work=False)
        if len(pages) <= _ANSWER_USES:
            return pages
        last = pages[_ANSWER_USES - 1]
        return (*pages[: _ANSWER_USES - 1], Page(blocks=(*last.blocks, note(wording.CUT)), text=last.text))

    def _next_page(self) -> Page | None:
        if not self._answer.ended:
            return None
        pages = self._pages()
        return pages[self._given] if self._given < len(pages) else None

    def want(self, now: float) -> Want:
        return Want(method="", channel="", kind=Kind.ENDING, since=now, unseen=0, last_write=now)

    def answered(self, call: Call, result: Result, now: float) -> None:
        match result:
            case Posted() | Accepted():
                self._went_through()
            case Limited(retry_after=seconds):
                self._held_until = now + seconds
            case Lost(reason=reason):
                self._lost(reason, now)
            case Refused(error=code) if self._plainness < _PLAINEST and any(word in code for word in SHAPE):
                self._plainness += 1
            case Refused(error=code):
                self._stop(f"Slack refused: {code}")

    def _lost(self, reason: str, now: float) -> None:
        """Slack does not answer: try again, at most for as long as the URL is valid."""
        if self._losses.lasted(now) > _LIFE:
            self._stop(f"no answer from Slack: {reason}")
            return
        self._held_until = now + self._losses.lost(now)

    def _went_through(self) -> None:
        self._losses.reset()
        if self._greeting is not None:
            self._greeting = None
        else:
            self._given += 1
        self._over = self._answer.ended and self._given >= len(self._pages())

    def _stop(self, why: str) -> None:
        self._given_up = why
        self._over = True

    def wake_at(self, now: float) -> float | None:
        if self._answer.behind:
            return now
        return self._held_until if self._held_until > now else None

    @property
    def done(self) -> bool:
        return self._over

    @property
    def given_up(self) -> str:
        return self._given_up


def _plainer(page: Page, plainness: int) -> Page:
    if plainness == 0:
        return page
    return Page(plain(unescape(shown(page.blocks, targets=True))) if plainness < _PLAINEST else (), page.text)


def _greeting(invite: str) -> Page:
    text = wording.PRIVATE.format(invite=invite)
    return Page(blocks=sentence_blocks(text), text=fallback(text))
