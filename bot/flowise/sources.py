"""Reads which document a retrieved chunk is from, out of the metadata of Flowise's many document loaders.

A row of a sheet is named by its file and sheet: the columns that come along as its metadata (`name`, `title`) are not
the document's. An address with a user or a password is not linked, and its name is without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.flowise.events import SourceDocument, SourceDocuments
from bot.flowise.metadata import ChunkMetadata, MetadataReader, whole_number
from bot.flowise.source_names import address_name, is_address, is_file_name, is_opaque, name, web_address

UNTITLED = "Untitled"

# In characters. A title is one line of a list, a URL has to fit a Slack link; anything longer is broken or hostile.
_LONGEST_TITLE = 200
_LONGEST_PAGE = 20
_LONGEST_SHEET = 60

# From this length on, what is both a title and the beginning of the chunk is its text.
_TEXT = 80

# The limits of a list. Ten are shown and the others counted; retrievers give 4 to 50. The list is stored with the
# answer, so its text is bounded like that of the answer.
_MOST_DOCUMENTS = 100
_MOST_TEXT = 40_000

# Of the text of a chunk, in characters: what one section of a modal holds.
_LONGEST_PASSAGE = 3_000

# What a document is called: by people, by its file, by whatever loaded it, by the program that printed it. The keys of
# the loaders of Flowise 3.1 and of Unstructured; `properties._title` is Notion's, `spreadsheetTitle` Google Sheets'.
_TITLE_KEYS = ("title", "properties._title", "properties.title", "spreadsheetTitle", "documentTitle", "document_title")
_FILE_KEYS = ("fileName", "filename", "file_name", "file name", "originalName", "original_filename", "documentName")
_SOURCE_KEYS = ("source", "file_path", "filePath", "path")
_PRINTED_KEYS = ("pdf.info.Title", "info.Title", "ogTitle", "og:title", "subject")

_URL_KEYS = (
    *("url", "sourceURL", "source", "link", "loc", "spreadsheetUrl", "webViewLink", "webUrl", "html_url", "source_url"),
    *("data_source.url", "x-amz-bedrock-kb-source-uri"),
)

# `loc.pageNumber` is the PDF loader's, and counts from 1. `page_label` is what LangChain's Python loaders print on the
# page that they count from 0 in `page`.
_PAGE_KEYS = ("loc.pageNumber", "page_label", "page", "pageNumber", "page_number")
_SLIDE_KEYS = ("slideNumber", "slide_number", "slide")
_SHEET_KEYS = ("worksheet", "sheetName", "sheet_name", "sheet", "page_name")
_OTHER_KEYS = (
    *("loc.lines.from", "loc.lines.to", "line", "rowNum", "rowNumber", "row_number", "row", "total_pages", "name"),
    *("repository", "branch", "projectKey", "id", "key", "host", "baseUrl", "view_count", "doctype"),
)
_READER = MetadataReader(
    *(*_TITLE_KEYS, *_FILE_KEYS, *_SOURCE_KEYS, *_PRINTED_KEYS, *_URL_KEYS),
    *(*_PAGE_KEYS, *_SLIDE_KEYS, *_SHEET_KEYS, *_OTHER_KEYS),
)

_PAGE = re.compile(r"(?:pages?|pp?\.)\s*(?=\d)", re.IGNORECASE)

_ISSUE_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,30}-\d{1,9}")
_VIDEO_ID = re.compile(r"[\w-]{11}")


def source_documents(data: object) -> tuple[SourceDocument, ...] | None:
    """The documents in the data of a `sourceDocuments` event, without invalid entries; None where it is no list."""
    if not isinstance(data, list):
        return None
    documents: list[SourceDocument] = []
    room = _MOST_TEXT
    for place, chunk in enumerate(data[:_MOST_DOCUMENTS], start=1):
        if isinstance(chunk, dict):
            document = _document(chunk)
            if place > len(documents) + 1:
                document = replace(document, number=place)
            room -= len(document.title) + len(document.url or "") + len(document.sheet or "")
            if room < 0:
                break
            documents.append(document)
    return _counted_from_one(documents)


def with_passages(data: object) -> SourceDocuments | None:
    """The documents in the data of a `sourceDocuments` event, with the text of each; None where it is no list."""
    documents = source_documents(data)
    if documents is None or not isinstance(data, list):
        return None
    chunks = (chunk for chunk in data if isinstance(chunk, dict))
    passages = tuple(_passage(chunk.get("pageContent")) for _, chunk in zip(documents, chunks, strict=False))
    return SourceDocuments(documents, passages if any(passages) else ())


def _passage(text: object) -> str:
    if not isinstance(text, str):
        return ""
    passage = text[: 2 * _LONGEST_PASSAGE].strip()
    return passage if len(passage) <= _LONGEST_PASSAGE else passage[: _LONGEST_PASSAGE - 1] + "…"


def one_line(text: str, longest: int) -> str:
    """An untrusted name on one line, with single blanks, cut to `longest` characters."""
    line = " ".join(text.lstrip()[: 8 * longest].split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _document(chunk: Mapping[str, object]) -> SourceDocument:
    metadata = _READER.read(chunk.get("metadata"))
    if metadata.is_empty:
        return SourceDocument(UNTITLED)
    text = chunk.get("pageContent")
    is_row = _is_row(metadata)
    url = next(_addresses(metadata), None)
    sheet = one_line(metadata.text(*_SHEET_KEYS), _LONGEST_SHEET)
    names = list(filter(None, _names(metadata, text, is_row=is_row)))
    title = next((known for known in names if not is_opaque(known)), "") or _issue(metadata)[0] or sheet
    if not title:
        title = address_name(url) if url else _name_of_last_resort(names, metadata)
    title = one_line(title, _LONGEST_TITLE) or UNTITLED
    return SourceDocument(
        title=title,
        url=url,
        page=None if is_row else _page(metadata),
        lines=_lines(metadata),
        slide=metadata.number(*_SLIDE_KEYS),
        sheet=None if not sheet or title == sheet or title.endswith(f" - {sheet}") else sheet,
        row=_row(metadata),
    )


# --- What it is called ------------------------------------------------------------------------------------------------


def _names(metadata: ChunkMetadata, text: object, *, is_row: bool) -> Iterator[str]:
    """All that the document is called, addresses apart, the best first; empty where that names nothing.

    A sheet's row brings its columns along as metadata: `title` and `name` are cells of it, not the document's.
    """
    if not is_row:
        yield from _titles(metadata, text, _TITLE_KEYS)
    yield from _files(metadata, _FILE_KEYS)
    yield from (file for file in _files(metadata, ("name",)) if is_file_name(file))
    yield from _files(metadata, _SOURCE_KEYS)
    if not is_row:
        yield from _titles(metadata, text, ("name", *_PRINTED_KEYS))


def _titles(metadata: ChunkMetadata, text: object, keys: Sequence[str]) -> Iterator[str]:
    for title in metadata.texts(*keys):
        if not is_address(title) and not _is_text(title, text):
            yield name(title, is_title=True)


def _files(metadata: ChunkMetadata, keys: Sequence[str]) -> Iterator[str]:
    for file in metadata.texts(*keys):
        if not is_address(file) and not _is_video(metadata, file):
            yield name(file)


def _name_of_last_resort(names: Sequence[str], metadata: ChunkMetadata) -> str:
    """What a program made up, or an address that is not linked."""
    return next(iter(names), "") or next(filter(None, map(name, metadata.texts(*_URL_KEYS))), "")


def _is_text(title: str, text: object) -> bool:
    """Whether a title is the chunk's own text, which is never shown."""
    return len(title) >= _TEXT and isinstance(text, str) and text.lstrip().startswith(title[:_TEXT])


# --- Where it is ------------------------------------------------------------------------------------------------------


def _addresses(metadata: ChunkMetadata) -> Iterator[str]:
    """The addresses under which the document can be seen, the best first."""
    for text in metadata.texts(*_URL_KEYS, *_FILE_KEYS, "title"):
        if (address := web_address(text)) is not None:
            yield address
    for address in (_in_repository(metadata), _issue(metadata)[1], _video(metadata)):
        if address:
            yield address


def _in_repository(metadata: ChunkMetadata) -> str | None:
    """Where a file that was loaded from GitHub is: the loader gives a repository, a branch and a path."""
    if not metadata.has("repository", "branch", "source"):
        return None
    parts = [metadata.text(key) for key in ("repository", "branch", "source")]
    if not all(parts) or not parts[0].startswith("https://github.com/"):
        return None
    repository, branch, path = parts
    return web_address(f"{repository.rstrip('/')}/blob/{branch}/{path.lstrip('/')}")


def _issue(metadata: ChunkMetadata) -> tuple[str, str | None]:
    """What an issue of Jira is called, and where it is. Its loader gives an internal number more often than the key."""
    if not metadata.has("projectKey", "id"):
        return "", None
    project, host = metadata.text("projectKey"), metadata.text("host", "baseUrl")
    issue = next(filter(_ISSUE_KEY.fullmatch, metadata.texts("id", "key")), "")
    number = whole_number(next(metadata.values("id"), None))
    if not project or not host or len(project) > _LONGEST_PAGE:
        return "", None
    base = web_address(host if "://" in host else f"https://{host}")
    site = base.rstrip("/") if base else None
    if issue:
        return issue, site and f"{site}/browse/{issue}"
    if number is not None:
        return f"{project}, issue {number}", site and f"{site}/issues/?jql=id%3D{number}"
    return "", None


def _video(metadata: ChunkMetadata) -> str | None:
    """Where a video of YouTube is: its loader gives the id as the source."""
    source = metadata.text("source")
    return f"https://youtu.be/{source}" if _is_video(metadata, source) else None


def _is_video(metadata: ChunkMetadata, source: str) -> bool:
    is_of_loader = metadata.has("view_count") or metadata.text("doctype") == "youtube"
    return is_of_loader and _VIDEO_ID.fullmatch(source) is not None


# --- Which part of it -------------------------------------------------------------------------------------------------


def _page(metadata: ChunkMetadata) -> str | None:
    for page in metadata.values(*_PAGE_KEYS):
        number = whole_number(page)
        if number is not None:
            # LangChain's Python loaders, known by the way they write the number of pages, begin at 0.
            return str(number + (metadata.has("total_pages") and page in metadata.values("page")))
        text = name(one_line(page, _LONGEST_PAGE), is_title=True) if isinstance(page, str) else ""
        if text and text.isprintable() and not text.startswith("-"):
            return _PAGE.sub("", text)
    return None


def _counted_from_one(documents: list[SourceDocument]) -> tuple[SourceDocument, ...]:
    """The documents; where one has a page 0, its loader counts from 0, and people do not."""
    from_zero = {document.title for document in documents if document.page == "0"}
    return tuple(
        replace(document, page=str(int(document.page) + 1))
        if document.title in from_zero and document.page is not None and document.page.isdecimal()
        else document
        for document in documents
    )


def _lines(metadata: ChunkMetadata) -> tuple[int, int] | None:
    # `line` is where a row of a CSV file is; the splitter's `loc` counts within that row.
    if (line := metadata.number("line")) is not None:
        return (line, line)
    ends = [next(metadata.values(f"loc.lines.{end}"), None) for end in ("from", "to")]
    first, last = map(whole_number, ends)
    if first is None or last is None or isinstance(ends[0], str) != isinstance(ends[1], str):
        return None
    return (first, last) if first <= last else None


def _is_row(metadata: ChunkMetadata) -> bool:
    """Whether the chunk is a row that the Excel loader has read."""
    return metadata.has("worksheet", "rowNum")


def _row(metadata: ChunkMetadata) -> int | None:
    row = metadata.number("rowNum")
    if row is not None:
        return row + 1  # SheetJS counts from 0 (its `__rowNum__`), Excel from 1
    return metadata.number("rowNumber", "row_number", "row")
