"""Writes the text of HTML as Markdown, piece by piece: its marks, the lines it begins, the rows of its tables."""

from __future__ import annotations

import re

from bot.slack.text.html_open import Mark, OpenList, OpenTable

_JOINER = "\u2060"
"""A word joiner: invisible, no space and no punctuation, so that marks beside it open and close."""
_SPACES = re.compile(r"\s+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_PIPE = re.compile(r"(?<!\\)\|")
# Markdown's own marks where they open something: in text, and at the end of it.
_OWN_MARKS = re.compile(r"[*_~]{1,9}(?=[^\W_])")
_ENDS_IN_OPENING = re.compile(r"(?:^|[\s(\u2060])[*_~]{1,9}\Z")
_MOST_MARKS = 10
# A cell that never ends is shown all the same.
_LONGEST_CELL = 6_000
MOST_COLUMNS = 60


class HtmlText:
    """The Markdown of the text between tags, growing. `taken` returns what has been added since it was last called."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._last = ""
        """The last character that was written."""
        self._recent = ""
        """The last few of them."""
        self._ink = ""
        """The last one that was no white space; in a cell of a table, of the cell."""
        self._line_ends = 2
        """How many line ends the text ends with, up to two; there is one before its beginning."""
        self._has_pipe = self._had_pipe = False
        """Whether the line, and the one before it, has a pipe: it is a row of a table in Markdown."""
        self._marks: list[Mark] = []
        self._space = ""
        """White space that is written when text follows."""
        self._closers = ""
        """Marks that end here; what follows decides how they are written."""
        self._want = 0
        """The line ends that must stand before the next text."""
        self._item = ""
        """The mark of a list item or heading that the next text begins."""
        self._lists: list[OpenList] = []
        self._quotes = 0
        self._folds = False
        """Whether a line end is a space, as in HTML."""
        self._table: OpenTable | None = None
        self._is_code = False

    @property
    def is_code(self) -> bool:
        """Whether the text is that of a code block in tags."""
        return self._is_code

    def taken(self) -> str:
        text, self._parts = "".join(self._parts), []
        return text

    @property
    def left(self) -> str:
        """What is written before the next text."""
        return self._closers + self._space

    # Text -------------------------------------------------------------------------------------------------------------

    def text(self, text: str) -> None:
        """Add text, which may be Markdown."""
        if not text:
            return
        if not self.is_busy:
            self._write(text)
            return
        if self._table is not None and self._table.cell is None:
            if not text.strip():
                return
            self._end_table()  # a caption, or what follows a table that is never closed
        if (blank := _BLANK_LINE.search(self._space + text)) is not None and not self._in_cell:
            self._paragraphs(self._space + text, blank)
        else:
            self._words(text)

    @property
    def is_busy(self) -> bool:
        return bool(
            self._marks
            or self._space
            or self._closers
            or self._want
            or self._item
            or self._folds
            or self._quotes
            or self._table
        )

    @property
    def opens(self) -> bool:
        """Whether the next text is the first one after a tag that marks text, or ends that."""
        return self._closers != "" or any(not mark.is_written for mark in self._marks)

    @property
    def _in_cell(self) -> bool:
        return self._table is not None and self._table.cell is not None

    @property
    def in_row(self) -> bool:
        """Whether no line may end here, because this is a row of a table in Markdown."""
        return not self._in_cell and (self._has_pipe or (self._had_pipe and self._line_ends == 0))

    def _paragraphs(self, text: str, blank: re.Match[str]) -> None:
        """Text with a blank line: what is inline ends there, and so do a paragraph's and an item's folded lines."""
        self._space = ""
        self._words(text[: blank.start()])
        self._block(2)
        self._marks.clear()
        self._folds = False
        if rest := text[blank.end() :].lstrip("\n"):
            self.text(rest)

    def _words(self, text: str) -> None:
        text = self._space + text
        self._space = ""
        if self._folds or self._in_cell:
            text = _SPACES.sub(" ", text)
        if self._want or self._item or (self._folds and self._line_ends):
            text = text.lstrip()
        rest = text.rstrip()
        if rest:
            words = rest.lstrip()
            self._resolve(rest)
            lead = rest[: len(rest) - len(words)]
            doubled = self._marks and self._last.isspace() and not lead.strip(" ")
            if not doubled and not (self._marks and self.in_row and words[0] == "|"):
                self._write(self._prefixed(lead))
            self._begin_marks(words)
            self._put(words)
        self._space = text[len(rest) :] if rest or not (self._want or self._item) else ""
        if not (self._marks or self._closers or self._folds or self._want or self._item or self._in_cell):
            space, self._space = self._space, ""
            self._write(self._prefixed(space))

    def _put(self, text: str) -> None:
        if self._in_cell:
            self._write(_PIPE.sub(r"\\|", text))
        elif self._marks and (pipe := _PIPE.search(text)) is not None:
            self._put_cells(text, pipe)
        else:
            self._write(self._prefixed(text))

    def _put_cells(self, text: str, pipe: re.Match[str]) -> None:
        """Text with a pipe: where that divides two cells, what is inline ends before it."""
        if self.in_row:
            self._put(text[: pipe.start()].rstrip())
            self._end_marks()
            self._marks.clear()
            self._resolve("|")
            self._write(f"{'' if self._last.isspace() else ' '}|")
        else:
            self._write(self._prefixed(text[: pipe.end()]))
        if rest := text[pipe.end() :]:
            self._put(rest)

    def _prefixed(self, text: str) -> str:
        """Each further line under the same marks of quotes."""
        return text.replace("\n", "\n" + "> " * self._quotes) if self._quotes and not self._is_code else text

    def _write(self, text: str) -> None:
        if not text:
            return
        parts = self._parts
        if self._table is not None and self._table.cell is not None:
            parts = self._table.cell
            if sum(map(len, parts[-3:])) > _LONGEST_CELL or len(parts) > _LONGEST_CELL:
                self._end_table()
                parts = self._parts
        parts.append(text)
        self._last = text[-1]
        self._recent = (self._recent + text)[-_MOST_MARKS:]
        self._ink = text.rstrip()[-1:] or self._ink
        stripped = text.rstrip("\n")
        ends = len(text) - len(stripped)
        self._line_ends = min(2, ends + (0 if stripped else self._line_ends))
        if self._in_cell:
            return
        if "\n" in text:
            lines = text.rsplit("\n", 2)
            self._had_pipe = "|" in lines[-2] or (len(lines) == 2 and self._has_pipe)
            self._has_pipe = "|" in lines[-1]
        else:
            self._has_pipe = self._has_pipe or "|" in text

    # Where blocks begin and end -----------------------------------------------------------------------------------

    def _resolve(self, following: str) -> None:
        """Write what was left until text follows: the marks that end, line ends, the mark of an item."""
        if self._closers:
            closers, self._closers = self._closers, ""
            punctuated = not self._last.isalnum() and self._last != _JOINER
            punctuated = punctuated and following[:1].isalnum() and not self._want
            touches = _OWN_MARKS.match(following) is not None and closers[-1] == following[0]
            inside = _JOINER if punctuated or touches or _ENDS_IN_OPENING.search(self._recent) else ""
            self._write(inside + closers + (_JOINER if touches else ""))
        want, self._want = self._want, 0
        if want:
            self._new_line(want, following)
        if self._item:
            item, self._item = self._item, ""
            self._write(item)

    def _new_line(self, want: int, following: str) -> None:
        if self._in_cell or self.in_row:
            if self._ink not in ("|", "") and following[:1] != "|":
                self._write("<br>")
            return
        missing = want - self._line_ends if self._last else 0
        prefix = "> " * self._quotes
        for number in range(max(0, missing)):
            self._write(prefix.rstrip() + "\n" if number and prefix else "\n")
        self._write(prefix + " " * sum(one.width for one in self._lists[: -1 if self._item else None]))
        self._line_ends = 2 if self._line_ends or missing > 0 else 0

    def _block(self, lines: int) -> None:
        """What comes next begins so many line ends below."""
        self._end_marks()
        self._space = ""
        if not self._item:
            self._want = max(self._want, lines)

    def _end_marks(self) -> None:
        for mark in reversed(self._marks):
            if mark.is_written:
                self._closers += mark.closing
                mark.is_written = False
        self._marks = [mark for mark in self._marks if mark.name != "a"]

    def _begin_marks(self, text: str) -> None:
        unwritten = [mark for mark in self._marks if not mark.is_written]
        if not unwritten:
            return
        own = found[0] if (found := _OWN_MARKS.match(text)) else ""
        if self._last in "*~" and self._last != "" and not _ENDS_IN_OPENING.search(self._recent):
            self._write(_JOINER)
        for mark in unwritten:
            if own and mark.opening == own[0] * (1 + (len(own) % 2 == 0)):
                mark.opening = mark.closing = ""  # Markdown says the same
            inside = not (text[0].isalnum() or own) and self._last.isalnum()
            self._write(mark.opening + (_JOINER if inside and mark.opening not in ("[", "") else ""))
            mark.is_written = True
        if text[0] in "*_~" and not own:
            self._write("\\")  # a star, and no mark

    # Tables -----------------------------------------------------------------------------------------------------------

    def _begin_table(self) -> OpenTable:
        self._block(2)
        self._marks.clear()
        self._folds = True
        self._table = table = OpenTable()
        return table

    def _end_cell(self, table: OpenTable) -> None:
        if table.cell is None:
            return
        self._end_marks()
        self._marks.clear()
        if self._closers:
            self._want = 0
            self._resolve(" ")
        text = "".join(table.cell).strip()
        table.cell = None
        self._space, self._want, self._item = "", 0, ""
        self._last, self._line_ends = table.before
        self._lists.clear()
        table.row += [text, *[""] * table.spanned][: MOST_COLUMNS - len(table.row)]
        table.spanned = 0

    def _end_row(self, table: OpenTable) -> None:
        self._end_cell(table)
        row, table.row = table.row, []
        if not row:
            return
        table.columns = table.columns or len(row)
        row = (row + [""] * table.columns)[: max(table.columns, 1)]
        line = f"| {' | '.join(row)} |"
        rule = "" if table.rows else "\n" + "> " * self._quotes + "|" + "---|" * table.columns
        self._want = 1 if table.rows else 2
        self._resolve("|")
        table.rows += 1
        self._write(line + rule)
        self._has_pipe = self._had_pipe = False

    def _end_table(self) -> None:
        if self._table is not None:
            table = self._table
            self._end_row(table)
            self._table = None
            self._folds = bool(self._lists)
            self._block(2)
