"""Writes HTML as the Markdown that means the same, piece by piece; text outside of tags stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from bot.slack.text.data_uris import stand_in
from bot.slack.text.html_open import Mark, OpenList
from bot.slack.text.html_tags import HEADINGS, LINES, MARKS, HtmlTag
from bot.slack.text.html_text import MOST_COLUMNS, HtmlText

_FENCE = "````"
_SCHEMES = ("http", "https", "mailto")
_DEEPEST = 40


class HtmlMarkdown(HtmlText):
    """The Markdown of a text with HTML in it, growing."""

    # Tags -------------------------------------------------------------------------------------------------------------

    def tag(self, tag: HtmlTag) -> None:
        """Take a tag, but for those whose content is taken with them."""
        name = tag.name
        if name in MARKS:
            self._mark(name, tag.closes)
        elif name in HEADINGS:
            self._heading(int(name[1]), tag.closes)
        elif name in LINES:
            self._block(1)
            self._folds = False
        elif (take := _TAKES.get(name)) is not None:
            take(self, tag)

    def _mark(self, name: str, closes: bool) -> None:
        if not closes:
            if len(self._marks) < _DEEPEST and all(mark.opening != MARKS[name] for mark in self._marks):
                if self._closers == MARKS[name] and not self._space:
                    self._closers = ""  # it goes on
                    self._marks.append(Mark(name, MARKS[name], MARKS[name], is_written=True))
                else:
                    self._marks.append(Mark(name, MARKS[name], MARKS[name]))
            return
        self._close(lambda mark: MARKS.get(mark.name) == MARKS[name])

    def _close(self, is_it: Callable[[Mark], bool]) -> None:
        """Close a mark; those that were opened in it go on after it."""
        number = next((n for n in range(len(self._marks) - 1, -1, -1) if is_it(self._marks[n])), None)
        if number is None:
            return
        for mark in reversed(self._marks[number:]):
            if mark.is_written:
                self._closers += mark.closing
                mark.is_written = False
        del self._marks[number]

    def _anchor(self, tag: HtmlTag) -> None:
        if tag.closes:
            self._close(lambda mark: mark.name == "a")
            return
        url = _address(tag.attributes.get("href", ""))
        if url and all(mark.name != "a" for mark in self._marks):
            self._marks.append(Mark("a", "[", f"](<{url}>)"))

    def _image(self, tag: HtmlTag) -> None:
        source = tag.attributes.get("src", "").strip()
        label = _label(tag.attributes.get("alt", "") or tag.attributes.get("title", ""))
        url = _address(source)
        if url and any(mark.name == "a" for mark in self._marks):
            self._words(label or stand_in("image"))
        elif url and not url.startswith("mailto:"):
            self._words(f"![{label}](<{url}>)")
        else:
            self._words(label or (stand_in(source) if source[:5].lower() == "data:" else stand_in("image")))

    def _media(self, tag: HtmlTag) -> None:
        if (source := tag.attributes.get("src", "").strip())[:5].lower() == "data:":
            self._words(stand_in(source))

    def _line_break(self, _tag: HtmlTag) -> None:
        if self.is_busy and not self._in_cell and (self._want or self._item):
            return
        self._space = ""
        if self._in_cell and not self._ink:
            return
        self._resolve(" ")
        self._write("<br>")

    def _paragraph(self, tag: HtmlTag) -> None:
        self._block(2 if not self.in_row else 1)
        self._folds = not tag.closes or bool(self._lists)

    def _heading(self, level: int, closes: bool) -> None:
        self._block(2)
        self._folds = not closes
        if not closes and not self._in_cell and not self.in_row:
            self._item = "#" * level + " "
        elif closes:
            self._item = ""

    def _list(self, tag: HtmlTag) -> None:
        if tag.closes:
            self._item = ""
            if self._lists:
                self._lists.pop()
            self._block(1 if self._lists else 2)
        else:
            self._block(1 if self._lists else 2)
            start = tag.attributes.get("start", "1")
            number = int(start) if tag.name == "ol" and start.isdecimal() and len(start) < 9 else 1
            if len(self._lists) < _DEEPEST:
                self._lists.append(OpenList(number if tag.name == "ol" else None))
        self._folds = bool(self._lists)

    def _list_item(self, tag: HtmlTag) -> None:
        self._item = ""
        self._block(1)
        self._folds = bool(self._lists) or not tag.closes
        if tag.closes:
            return
        if not self._lists:
            self._lists.append(OpenList(None))
        inner = self._lists[-1]
        mark = "- " if inner.number is None else f"{inner.number}. "
        if inner.number is not None:
            inner.number += 1
        inner.width = len(mark)
        self._item = ("• " if inner.number is None else mark) if self._in_cell or self.in_row else mark

    def _quote(self, tag: HtmlTag) -> None:
        self._block(2)
        self._folds = False
        if self._in_cell or self.in_row:
            return
        if tag.closes and self._quotes:
            self._resolve_lines_before_quote()
            self._quotes -= 1
        elif not tag.closes and self._quotes < _DEEPEST:
            self._quotes += 1

    def _resolve_lines_before_quote(self) -> None:
        """A quote ends with a blank line of its own, or what follows would go on in it."""
        if self._closers:
            closers, self._closers = self._closers, ""
            self._write(closers)

    def _rule(self, _tag: HtmlTag) -> None:
        self._block(2)
        if not self._in_cell and not self.in_row:
            self._resolve("-")
            self._write("---")
            self._block(2)

    def _table_tag(self, tag: HtmlTag) -> None:
        if self._in_cell or self.in_row:
            self._block(1)
        elif tag.closes:
            self._end_table()
        else:
            self._end_table()
            self._begin_table()

    def _row(self, tag: HtmlTag) -> None:
        if self.in_row:
            self._block(1)
            return
        if self._table is not None:
            self._end_row(self._table)
        elif not tag.closes:
            self._begin_table()

    def _cell(self, tag: HtmlTag) -> None:
        if self.in_row:
            self._block(1)
            return
        if self._table is None and tag.closes:
            return
        table = self._table or self._begin_table()
        self._end_cell(table)
        if not tag.closes and len(table.row) < MOST_COLUMNS:
            table.cell = []
            table.before = (self._last, self._line_ends)
            self._last = self._ink = ""
            span = tag.attributes.get("colspan", "")
            table.spanned = int(span) - 1 if span.isdecimal() and 0 < len(span) < 3 else 0

    # Code -------------------------------------------------------------------------------------------------------------

    def code(self, content: str) -> None:
        """Add a piece of code within a line."""
        content = " ".join(content.split())
        longest = max((len(run) for run in re.findall("`+", content)), default=0)
        ticks = "`" * (longest + 1)
        pad = " " if content[:1] == "`" or content[-1:] == "`" else ""
        if content:
            self._words(f"{ticks}{pad}{content}{pad}{ticks}")

    def begin_code(self, language: str) -> None:
        """Begin a code block."""
        self._block(2)
        self._resolve("`")
        self._write(f"{_FENCE}{language}\n{'> ' * self._quotes}")
        self._is_code = True
        self._line_ends = 0

    def code_text(self, text: str) -> None:
        """Add text of the code block, which stays as it is."""
        text = self._space + text
        if self._line_ends == 0 and self._last == "\n":
            text = text.lstrip("\r\n") if not text.strip() or text[0] in "\r\n" else text
        rest = text.rstrip()
        self._space = text[len(rest) :]
        if rest:
            self._write(rest.replace("\n", "\n" + "> " * self._quotes))
            self._line_ends = 0

    def end_code(self) -> None:
        """End the code block."""
        self._space, self._is_code = "", False
        prefix = "> " * self._quotes
        self._write(f"{'' if self._last == chr(10) else chr(10) + prefix}{_FENCE}")
        self._block(2)

    # The end ----------------------------------------------------------------------------------------------------------

    def raw(self, text: str) -> None:
        """Add text that stays as it is: code in Markdown."""
        if self.is_busy:
            self._space, self._folds = "", False
            self._resolve("`")
        self._write(text)

    def pause(self) -> None:
        """End what is open: another part of the text begins."""
        if self._is_code:
            self.end_code()
        self._end_table()
        self._end_marks()
        self._marks.clear()
        closers, self._closers = self._closers, ""
        self._write(closers)
        self._space, self._want, self._item = "", 0, ""
        self._lists.clear()
        self._quotes = 0
        self._folds = False


_TAKES: Mapping[str, Callable[[HtmlMarkdown, HtmlTag], None]] = {
    "a": HtmlMarkdown._anchor,
    "img": HtmlMarkdown._image,
    "audio": HtmlMarkdown._media,
    "video": HtmlMarkdown._media,
    "embed": HtmlMarkdown._media,
    "br": HtmlMarkdown._line_break,
    "p": HtmlMarkdown._paragraph,
    "ul": HtmlMarkdown._list,
    "ol": HtmlMarkdown._list,
    "li": HtmlMarkdown._list_item,
    "blockquote": HtmlMarkdown._quote,
    "hr": HtmlMarkdown._rule,
    "table": HtmlMarkdown._table_tag,
    "tr": HtmlMarkdown._row,
    "td": HtmlMarkdown._cell,
    "th": HtmlMarkdown._cell,
}


def _address(written: str) -> str:
    """An address as a link's target; empty where it is none that may be linked."""
    url = "".join(written.split()) if written.strip()[:5].lower() == "data:" else written.strip()
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return ""
    if scheme not in _SCHEMES or any(char < " " for char in url):
        return ""
    return quote(url, safe="!#$%&'*+,/:;=?@[]~.-_", encoding="utf-8") if " " in url or _has_marks(url) else url


def _has_marks(url: str) -> bool:
    return any(char in url for char in '<>()\\`"|\n\t{}^')


def _label(text: str) -> str:
    """A picture's description as the label of a link: in one line, and without marks."""
    return re.sub(r"([\\\[\]*_`~<>|&])", r"\\\1", " ".join(text.split()))[:300]
