"""Brings the files of a question to Flowise before it is asked, and says which of them were not read.

Documents go first and one at a time, since Flowise reads each apart; then pictures and a voice clip, which travel with
the question. So nobody who holds bytes in memory waits for more (`bot.conversation.file_room`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from bot.conversation.chats import Chat
from bot.conversation.file_notes import Trouble, Why, sentences
from bot.conversation.file_room import FileRoom
from bot.conversation.question import Question
from bot.errors import FlowiseError, FlowiseFailed, FlowiseResting, KeyRefused, SlackRefused, SlackUnavailable
from bot.flowise.prediction import IMAGE, READ_DOCUMENT, VOICE, Upload, Uploads
from bot.flowise.texts import MOST_TEXT, TooMuchTextError, is_readable
from bot.flowise.uploads import Accepted, LeftOutFile, OfferedFile, PlannedFile, Way, plan
from bot.mailbox.retry import retried
from bot.ports.flowise import FlowFiles
from bot.ports.slack import AttachedFiles
from bot.ports.store import Store
from bot.records.thread import STORED
from bot.slack.shared_files import FileKind, FileRefusedError, SharedFile

log = structlog.get_logger(__name__)

_NOTHING = Accepted()
_TROUBLES = {
    FileKind.STUB.value: Trouble.NOT_FETCHED,  # Slack gives no more of it
    FileKind.CANVAS.value: Trouble.CANVAS,
    FileKind.EXTERNAL.value: Trouble.EXTERNAL,
    FileKind.GONE.value: Trouble.GONE,
}


@dataclass(slots=True)
class PreparedFiles:
    """What became of the files of a question.

    `uploads` travel with it, among them the voice clip `clip`, empty where there is none. `remarks` say what was not
    read; `unread` are the names of those files. `stored`: some are in the flow's vector store. `documents` are the
    names of those that Flowise has read.
    """

    uploads: Uploads = field(default_factory=Uploads)
    clip: str = ""
    remarks: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    stored: bool = False
    documents: tuple[str, ...] = ()

    @property
    def go_along(self) -> bool:
        """Whether Flowise has something of them to look at."""
        return bool(self.uploads.files) or self.stored


@dataclass(slots=True)
class _Fate:
    """One file on its way: why it is not read, or what goes along of it."""

    shared: SharedFile
    planned: PlannedFile | None = None
    why: Why | None = None
    upload: Upload | None = None
    is_stored: bool = False


class QuestionFiles:
    """The files of the questions of one flow in one workspace, of at most `largest` bytes each; `may_store`: they may
    be added to its vector store. Those of teams that are neither in `own_teams` nor the asker's are left out; where it
    is empty, nobody's are."""

    def __init__(
        self,
        flow: FlowFiles,
        slack: AttachedFiles,
        store: Store,
        room: FileRoom,
        largest: int,
        *,
        may_store: bool,
        own_teams: frozenset[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flow = flow
        self._slack = slack
        self._store = store
        self._room = room
        self._largest = largest
        self._may_store = may_store
        self._own_teams = own_teams
        self._sleep = sleep

    @asynccontextmanager
    async def prepared(self, question: Question, chat: Chat) -> AsyncIterator[PreparedFiles]:
        """Bring the files to Flowise. What travels with the question is let go of at the end, or when it was sent.

        It may be done again by another process: a file is read twice then, but added to a vector store once.

        Raises:
            FlowiseError: Flowise does not tell what the flow takes, and nothing else is asked.
        """
        if not question.files:
            yield PreparedFiles()
            return
        # Who asks is answered, whatever team the event gives: it may be another workspace of the same organisation.
        teams = self._own_teams and self._own_teams.union(question.teams)
        fates = [await self._found(file, teams) for file in question.files]
        takes = await self._planned(fates, has_words=question.has_words)
        uploads = await self._brought(fates, question, chat)
        clip = next((fate.shared.name for fate in fates if _goes(fate, VOICE)), "")
        documents = tuple(fate.shared.name for fate in fates if _goes(fate, READ_DOCUMENT))
        for fate in fates:
            fate.upload = None  # or it would be held until the answer has ended
        unread = [(fate.shared.name or "a file", fate.why) for fate in fates if fate.why is not None]
        for _, why in unread:
            log.info("file not read", ref=question.reference, reason=why.name.lower().replace("_", " "))
        try:
            yield PreparedFiles(
                uploads,
                clip=clip,
                remarks=sentences(unread, takes, largest=self._largest),
                unread=tuple(name for name, why in unread if why is not Trouble.PERHAPS_NOT_READ),
                stored=any(fate.is_stored for fate in fates),
                documents=documents,
            )
        finally:
            uploads.release()

    async def _found(self, shared: SharedFile, teams: frozenset[str]) -> _Fate:
        """A file as Slack has it, and whether it can be had at all, being of one of these teams."""
        if shared.kind == FileKind.STUB.value:
            try:
                shared = await self._slack.file(shared.id)
            except (SlackRefused, SlackUnavailable) as error:
                log.warning("file not fetched", reason=str(error))
                may_not = isinstance(error, SlackRefused) and error.code == "missing_scope"
                return _Fate(shared, why=Trouble.MAY_NOT if may_not else Trouble.NOT_FETCHED)
        if teams and shared.team and shared.team not in teams:
            return _Fate(shared, why=Trouble.BY_AN_OUTSIDER)
        return _Fate(shared, why=_TROUBLES.get(shared.kind))

    async def _planned(self, fates: Sequence[_Fate], *, has_words: bool) -> Accepted:
        """Plan the way of each file that can be had; what the flow takes."""
        open_ = {fate.shared.id: fate for fate in fates if fate.why is None}
        if not open_:
            return _NOTHING
        try:
            takes = await self._flow.accepted(may_store=self._may_store)
        except FlowiseError as error:
            if not has_words or isinstance(error, FlowiseResting):
                raise
            log.warning("files not looked at", reason=str(error))
            for fate in open_.values():
                fate.why = Trouble.NOT_LOOKED_AT
            return _NOTHING
        offered = [
            OfferedFile(file.id, file.name, file.mimetype, file.size, file.is_clip)
            for file in (fate.shared for fate in open_.values())
        ]
        for planned in plan(offered, takes, has_words=has_words, largest=self._largest):
            fate = open_[planned.file.id]
            if isinstance(planned, LeftOutFile):
                fate.why = planned.reason
            else:
                fate.planned = planned
        return takes

    async def _brought(self, fates: Sequence[_Fate], question: Question, chat: Chat) -> Uploads:
        """Bring all to Flowise that goes before the question; what travels with it."""
        texts = int(any(fate.planned is not None and fate.planned.way is Way.DOCUMENT for fate in fates))
        await self._room.texts.take(texts)
        try:
            await self._sent_before(fates, question, chat)
            return await self._fetched(fates, texts=texts)
        except BaseException:
            self._room.texts.give(texts)
            raise

    # Before the question ----------------------------------------------------------------------------------------------

    async def _sent_before(self, fates: Sequence[_Fate], question: Question, chat: Chat) -> None:
        """Have Flowise read the documents, and add files to the vector store: one after the other."""
        room_for_text = MOST_TEXT
        for fate in fates:
            planned = fate.planned
            if planned is None or planned.way not in {Way.DOCUMENT, Way.STORED}:
                continue
            await self._room.take(planned.file.size)
            try:
                content = await self._content(fate)
                if content is None:
                    continue
                file = Upload(IMAGE, planned.name, planned.mime, planned.type, content)
                if planned.way is Way.STORED:
                    await self._stored(fate, file, question, chat)
                else:
                    await self._read(fate, file, chat, room_for_text)
            finally:
                self._room.give(planned.file.size)
            if fate.upload is not None:
                room_for_text -= len(fate.upload.content)

    async def _read(self, fate: _Fate, file: Upload, chat: Chat, room: int) -> None:
        try:
            text = await self._flow.read(chat.chat_id, file, most=room)
        except TooMuchTextError:
            fate.why = Trouble.TOO_MUCH_TEXT
        except FlowiseFailed as error:
            log.info("document refused", reason=str(error))
            fate.why = Trouble.UNREADABLE
        except FlowiseError as error:
            log.warning("document not sent", reason=str(error))
            fate.why = Trouble.NOT_LOOKED_AT
        else:
            if is_readable(text):
                fate.upload = Upload(READ_DOCUMENT, file.name, file.mime, file.type, text)
            else:
                fate.why = Trouble.UNREADABLE

    async def _stored(self, fate: _Fate, file: Upload, question: Question, chat: Chat) -> None:
        """Add a file to the vector store, unless that was begun before: a second time would add a second copy."""
        line, mark, by = question.thread.line, fate.shared.id, uuid4().hex

        async def begin() -> str:
            return await self._store.begin_storing(line, chat.chat_id, mark, by)

        noted_by = await retried(begin, self._sleep, ref=question.reference)
        if noted_by != by:
            fate.is_stored = True
            fate.why = None if noted_by == STORED else Trouble.PERHAPS_NOT_READ
            return
        try:
            number = await self._flow.store(chat.chat_id, file)
        except (FlowiseFailed, KeyRefused) as error:
            log.info("document refused", reason=str(error))
            fate.why = Trouble.UNREADABLE
            return
        except FlowiseError as error:
            log.warning("document perhaps not stored", reason=str(error))
            fate.is_stored, fate.why = True, Trouble.PERHAPS_NOT_READ
            return
        fate.is_stored = number > 0
        fate.why = None if fate.is_stored else Trouble.UNREADABLE

        async def end() -> None:
            await self._store.stored_file(line, chat.chat_id, mark, added=fate.is_stored)

        await retried(end, self._sleep, ref=question.reference)

    # With the question ------------------------------------------------------------------------------------------------

    async def _fetched(self, fates: Sequence[_Fate], *, texts: int) -> Uploads:
        """Fetch what travels in the body of the prediction, all at once; `texts` is the room that is held for them."""
        carried = [fate for fate in fates if fate.planned and fate.planned.way in {Way.IMAGE, Way.VOICE}]
        size = sum(fate.shared.size for fate in carried)
        await self._room.take(size)
        try:
            async with asyncio.TaskGroup() as fetching:
                for fate in carried:
                    fetching.create_task(self._carry(fate))
        except BaseException:
            self._room.give(size)
            raise
        files = [fate.upload for fate in fates if fate.upload is not None]

        def released() -> None:
            self._room.give(size)
            self._room.texts.give(texts)

        return Uploads(files, released)

    async def _carry(self, fate: _Fate) -> None:
        planned, content = fate.planned, await self._content(fate)
        if content is not None and planned is not None:
            kind = VOICE if planned.way is Way.VOICE else IMAGE
            fate.upload = Upload(kind, planned.name, planned.mime, planned.type, content)

    async def _content(self, fate: _Fate) -> bytearray | None:
        """The bytes of a file; None, and why, where they cannot be had."""
        try:
            return await self._slack.content(fate.shared)
        except FileRefusedError as error:
            log.warning("file not fetched", reason=str(error))
            missing = Trouble.GONE if error.is_gone else Trouble.NOT_FETCHED
            fate.why = Trouble.MAY_NOT if error.may_not else missing
            return None


def _goes(fate: _Fate, kind: str) -> bool:
    return fate.upload is not None and fate.upload.kind == kind
