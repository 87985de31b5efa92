"""Leaves files in an arriving text out, and puts their label, their name or a word for them in their place.

Pictures that Slack can show are kept, as `data:` URIs: they are no part of the text, but of the answer.
"""

from __future__ import annotations

import re

from bot.slack.text import data_uris
from bot.slack.text.data_uris import Payload, stand_in
from bot.slack.text.incoming_text import IncomingText

_PICTURE = re.compile(r"!\[[^\[\]]*\Z")
_LABEL = re.compile(r"\[([^\[\]]*)\Z")
_REFERENCE = re.compile(r"\]\[[^\[\]\n]{0,100}(?P<end>\])?")
_LINK_END = re.compile(r"\s*>?\s*(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}')?\s*\)")
_HALF_LINK_END = re.compile(r"\s*>?\s*(?:\"[^\"\n]{0,300}\"?|'[^'\n]{0,300}'?)?\s*")


LONGEST_PICTURE = 2 * 1024 * 1024
"""Characters of base64 that are kept of a picture: as much as one event of Flowise's stream may have by default. Of a
larger one only its type is kept."""
_LONGEST_PATH = 400


class IncomingFiles(IncomingText):
    """A text of which files, as `data:` URIs, are no part."""

    def __init__(self) -> None:
        super().__init__()
        self._payload: Payload | None = None
        self._closes_angle = False
        self._pictures: list[str] = []
        self._head = ""
        """How the URI of a picture began whose content is kept."""
        self._label: str | None = None
        """The label of the link whose target is a path that is kept."""
        self._kept: list[str] = []
        self._room = 0

    def _skip_payload(self, payload: Payload) -> bool:
        start = self._at
        self._at, ends = payload.end(self._text, start, final=self._final)
        if self._room > 0:
            self._kept.append(self._text[start : self._at][: self._room])
            self._room -= self._at - start
        if not ends:
            return False
        if payload.in_link:
            found = _LINK_END.match(self._text, self._at)
            if found is None and not self._final and _HALF_LINK_END.fullmatch(self._text, self._at):
                return False
            self._at = found.end() if found else self._at
            self._html.text(f"){self._named()}")
        elif self._text.startswith(">", self._at) and self._closes_angle:
            self._at += 1
        elif self._at == len(self._text) and not self._final and self._closes_angle:
            return False
        self._end_payload()
        return True

    def _begin_payload(self, found: data_uris.Found, *, in_angle: bool = False) -> None:
        self._at = found.end
        self._payload = Payload(found)
        self._closes_angle = in_angle
        if found.is_picture:
            self._head, self._room = f"data:{found.media_type.partition(';')[0].lower()};base64,", LONGEST_PICTURE
        elif self._label is not None:
            self._room = _LONGEST_PATH

    def _end_payload(self) -> None:
        if self._head:
            whole = self._room > 0
            self._pictures.append(self._head + ("".join("".join(self._kept).split()) if whole else ""))
        self._payload, self._label, self._head, self._kept, self._room = None, None, "", [], 0

    def _named(self) -> str:
        """The name of the file that a link led to, where its label says another thing."""
        name = data_uris.file_name("".join(self._kept)) if self._label is not None else ""
        return f" (`{name}`)" if name and name not in str(self._label) else ""

    def _target(self, start: int, _sign: str) -> bool:
        found = data_uris.target(self._text, start)
        if not self._final and data_uris.may_be_target(self._text, start):
            return False
        if found is None:
            return self._reference(start)
        labelled = _LABEL.search(self._recent)
        self._label = labelled[1] if found.is_path and labelled and not _PICTURE.search(self._recent) else None
        kind = "image" if found.media_type.lower().startswith("image") else "file"
        self._begins_text = self._is_blank = False
        self._recent = ""
        self._html.text(f"](data:{kind},")
        self._begin_payload(found)
        return True

    def _reference(self, start: int) -> bool:
        """The end of a label. A picture by reference shows its label: as a rule, what it refers to is in the text."""
        found = _REFERENCE.match(self._text, start)
        if found is None or _PICTURE.search(self._recent) is None:
            return self._pass(start + 1)
        if found["end"] is None:
            return (self._final or found.end() < len(self._text)) and self._pass(start + 1)
        self._at, self._recent = found.end(), ""
        self._html.text("](data:image,)")
        return True

    def _data(self, start: int, _sign: str, *, in_angle: bool = False) -> bool:
        begins = start + in_angle
        before = self._text[start - 1] if start else self._before
        if before.isalnum() or before == "_":
            return self._pass(start + 1)
        found = data_uris.bare(self._text, begins)
        if found is None:
            if not self._final and (len(self._text) - begins < 5 or data_uris.may_be_bare(self._text, begins)):
                return False
            return self._pass(begins + 1)
        self._begins_text = self._is_blank = False
        self._html.text(stand_in(found.media_type))
        self._begin_payload(found, in_angle=in_angle)
        return True
