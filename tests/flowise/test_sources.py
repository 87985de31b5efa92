"""Metadata of Flowise's loaders, and of nobody's."""

from __future__ import annotations

import json
import tempfile
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.events import SourceDocument
from bot.flowise.sources import source_documents
from tests.examples import examples

PDF = {
    "source": "blob",
    "blobType": "",
    "pdf": {"version": "1.10.100", "info": {"Title": "Price list 2026"}, "totalPages": 12},
    "loc": {"pageNumber": 4, "lines": {"from": 1, "to": 30}},
}


@pytest.mark.parametrize(
    ("metadata", "document"),
    [
        (PDF, SourceDocument("Price list 2026", page="4", lines=(1, 30))),
        (
            {"source": "handbook.md", "url": "https://docs.example/handbook", "page": 3},
            SourceDocument("handbook.md", url="https://docs.example/handbook", page="3"),
        ),
        ({"title": "One", "source": "https://docs.example/1"}, SourceDocument("One", url="https://docs.example/1")),
        (
            {"source": "https://docs.example/a/b?token=x#y"},
            SourceDocument("docs.example/a/b", url="https://docs.example/a/b?token=x#y"),
        ),
        ({"source": "/srv/uploads/report.pdf"}, SourceDocument("report.pdf")),
        ({"title": "![a](data:image/png;base64,iVBO)", "source": "/srv/report.pdf"}, SourceDocument("report.pdf")),
        ({"source": "C:\\docs\\report.pdf"}, SourceDocument("report.pdf")),
        ({"source": "s3://bucket/key.txt"}, SourceDocument("key.txt")),
        ({"source": "blob", "fileName": "a.docx"}, SourceDocument("a.docx")),
        ({"filename": " spaced \n name.txt "}, SourceDocument("spaced name.txt")),
        ({"title": " ", "source": "", "url": "javascript:alert(1)"}, SourceDocument("javascript:alert(1)")),
        ({"title": "T", "url": "https://user:secret@docs.example/"}, SourceDocument("T")),
        ({"title": "T", "url": "https://docs.example/<!channel>"}, SourceDocument("T")),
        ({"title": "T", "url": "https://[broken"}, SourceDocument("T")),
        ({"title": "T", "url": "https://a.example/" + "x" * 3000}, SourceDocument("T")),
        ({"title": "x" * 500}, SourceDocument("x" * 199 + "…")),
        ({"title": 7, "page": True, "loc": {"lines": {"from": "1", "to": 2}}}, SourceDocument("Untitled")),
        ({"title": "T", "loc": {"lines": {"from": 5, "to": 2}}}, SourceDocument("T")),
        ({"title": "T", "loc": "https://site.example/p"}, SourceDocument("T", url="https://site.example/p")),
        ({"title": "T", "page": "iv"}, SourceDocument("T", page="iv")),
        ({}, SourceDocument("Untitled")),
        (None, SourceDocument("Untitled")),
    ],
)
def test_where_a_chunk_is_from(metadata: object, document: SourceDocument) -> None:
    assert source_documents([{"pageContent": "never shown", "metadata": metadata}]) == (document,)


def test_what_is_no_document_is_left_out() -> None:
    assert source_documents([None, "x", {"pageContent": "never shown"}]) == (SourceDocument("Untitled", number=3),)
    assert source_documents([]) == ()
    assert source_documents({"pageContent": "x"}) is None


def test_a_list_is_bounded_in_number_and_in_text() -> None:
    assert len(source_documents([{}] * 10_000) or ()) == 100
    long = {"metadata": {"url": "https://a.b/" + "c" * 1_900, "title": "d" * 5_000}}
    found = source_documents([long] * 100) or ()
    assert 10 <= len(found) <= 20
    assert sum(len(document.title) + len(document.url or "") for document in found) <= 40_000


def test_a_page_is_a_number_that_could_be_one() -> None:
    assert source_documents([{"metadata": {"page": 10**30, "title": "a"}}]) == (SourceDocument("a"),)


def only(metadata: object, text: str = "never shown") -> SourceDocument:
    found = source_documents([{"pageContent": text, "metadata": metadata}])
    assert found is not None
    (document,) = found
    return document


# --- As a vector store has flattened it -------------------------------------------------------------------------------

NESTED = {
    "source": "blob",
    "pdf": {"info": {"Title": "Travel policy 2024"}, "totalPages": 30},
    "loc": {"pageNumber": 7, "lines": {"from": 20, "to": 40}},
}
POLICY = SourceDocument("Travel policy 2024", page="7", lines=(20, 40))


def flat(value: object, separator: str, before: str = "") -> dict[str, object]:
    """As Pinecone (`.`) and Weaviate (`_`) give metadata back."""
    if not isinstance(value, dict):
        return {before: value}
    inner = (flat(part, separator, f"{before}{separator}{key}" if before else key) for key, part in value.items())
    return {key: part for found in inner for key, part in found.items()}


FLATTENED: list[object] = [
    NESTED,
    *(flat(NESTED, separator) for separator in (".", "_", "__")),
    {key.lower(): value for key, value in flat(NESTED, "_").items()},
    {
        "source": "blob",
        "pdf.info": {"Title": "Travel policy 2024"},
        "loc": {"pageNumber": 7, "lines.from": 20, "lines_to": 40},
    },
    {key: json.dumps(value) if isinstance(value, dict) else value for key, value in NESTED.items()},
    json.dumps(NESTED),
    [NESTED],
    {**flat(NESTED, "."), "loc": None, "pdf": 7},
    {**flat(NESTED, "."), "loc": "x", "pdf": [], "loc.lines": "{"},
    {**{f"column{number}": number for number in range(10_000)}, **flat(NESTED, "_")},
    {**NESTED, "loc.pageNumber": 99, "pdf_info_Title": "Another", "loc_lines_from": 1},
    {**flat(NESTED, "."), "loc.pageNumber": "7", "loc.lines.from": 20.0, "loc.lines.to": 40.0},
]


@pytest.mark.parametrize("metadata", FLATTENED, ids=range(len(FLATTENED)))
def test_flattened_metadata_reads_as_if_it_were_nested(metadata: object) -> None:
    assert only(metadata) == POLICY


def test_deep_and_broad_metadata_costs_no_more_than_what_is_read_of_it() -> None:
    deep: object = 7
    for _ in range(10_000):
        deep = {"loc": deep, "pdf": 1, "lines": 2}
    broad = {f"loc.{number}": "x" for number in range(10_000)}
    began = time.process_time()
    source_documents([{"metadata": {"title": "T", "loc": deep, **broad}}] * 100)
    small = time.process_time()
    source_documents([{"metadata": {"title": "T", "loc": {}}}] * 100)
    assert small - began < 10 * (time.process_time() - small) + 0.05


@pytest.mark.parametrize(
    "hostile", ["a:" * 2_000 + "/", "/." * 2_000, "%41" * 1_300, "&#38;" * 800, "www.a.b:" + "c:" * 2_000]
)
def test_a_hostile_name_costs_no_more_than_its_length(hostile: str) -> None:
    def cost(text: str) -> float:
        began = time.process_time()
        source_documents([{"metadata": {"source": text, "url": text, "fileName": text}}] * 4)
        return time.process_time() - began

    # A cost that grows with the square would be 64 times as high.
    assert min(cost(hostile) for _ in range(2)) < 24 * max(
        min(cost(hostile[: len(hostile) // 8]) for _ in range(3)), 0.002
    )


# --- What it is called, and where it leads ----------------------------------------------------------------------------

DRIVE = "https://docs.google.com/document/d/1AbC/edit?usp=drivesdk"
PRESIGNED = "https://acme.s3.eu-west-1.amazonaws.com/hr/Q3%20report.pdf?X-Amz-Credential=AKIA&X-Amz-Signature=5ec7e7"
SHAREPOINT = "https://contoso.sharepoint.com/_layouts/15/Doc.aspx?x=1"
TEMPORARY = tempfile.gettempdir()
UUID = "3f2b8c1e-1111-2222-3333-444455556666"
LONG = (
    "We reimburse travel by train in second class, and by plane only where the train would take longer than six hours."
)

NO_TITLES: list[object] = ["", " ", "\u200b", "null", "Untitled", [], ["", 7], {}]
CALLED: list[tuple[object, str, str | None]] = [
    # A drive's address is where the link leads, and a name is a name.
    ({"source": DRIVE, "fileName": "Team charter"}, "Team charter", DRIVE),
    ({"source": DRIVE, "pdf.info.Title": "Team charter"}, "Team charter", DRIVE),
    ({"source": SHAREPOINT, "name": "Leave.docx"}, "Leave.docx", SHAREPOINT),
    (
        {"source": f"{SHAREPOINT}&file=Leave%20policy.docx"},
        "Leave policy.docx",
        f"{SHAREPOINT}&file=Leave%20policy.docx",
    ),
    ({"source": PRESIGNED}, "Q3 report.pdf", PRESIGNED),
    ({"source": PRESIGNED, "fileName": "Q3.pdf"}, "Q3.pdf", PRESIGNED),
    (
        {"source": "https://acme.blob.core.windows.net/hr/Leave.docx?sv=2024&sig=5ec7e7"},
        "Leave.docx",
        "https://acme.blob.core.windows.net/hr/Leave.docx?sv=2024&sig=5ec7e7",
    ),
    (
        {"source": "https://files.acme.com/Leave.docx?Signature=x"},
        "Leave.docx",
        "https://files.acme.com/Leave.docx?Signature=x",
    ),
    (
        {"source": "https://firebasestorage.googleapis.com/v0/b/a/o/hr%2FLeave.pdf?alt=media"},
        "Leave.pdf",
        "https://firebasestorage.googleapis.com/v0/b/a/o/hr%2FLeave.pdf?alt=media",
    ),
    (
        {"url": "https://www.notion.so/acme/Getting-Started-0123456789abcdef0123456789abcdef"},
        "Getting Started",
        "https://www.notion.so/acme/Getting-Started-0123456789abcdef0123456789abcdef",
    ),
    (
        {"url": "https://www.notion.so/x", "properties": {"_title": "Welcome", "Name": "Welcome"}},
        "Welcome",
        "https://www.notion.so/x",
    ),
    ({"source": DRIVE}, "docs.google.com/document/d/1AbC/edit", DRIVE),
    # Spaces, percent-encoding, entities, and addresses without a scheme.
    (
        {"source": "https://contoso.sharepoint.com/sites/HR/Shared Documents/Leave policy.docx"},
        "Leave policy.docx",
        "https://contoso.sharepoint.com/sites/HR/Shared%20Documents/Leave%20policy.docx",
    ),
    ({"source": "https://acme.com/our docs/a b"}, "acme.com/our docs/a b", "https://acme.com/our%20docs/a%20b"),
    ({"source": "https://acme.com and more"}, "acme.com and more", None),
    (
        {"source": "https://example.com/wiki/%E6%9D%B1%E4%BA%AC"},
        "example.com/wiki/東京",
        "https://example.com/wiki/%E6%9D%B1%E4%BA%AC",
    ),
    ({"source": "https://a.example/%FF%E6%9D"}, "a.example/%FF%E6%9D", "https://a.example/%FF%E6%9D"),
    (
        {"source": "https://a.example/a%0Ab%E2%80%AEc%00"},
        "a.example/a%0Ab%E2%80%AEc%00",
        "https://a.example/a%0Ab%E2%80%AEc%00",
    ),
    ({"fileName": "Leave%20policy%2520.docx"}, "Leave policy%20.docx", None),
    ({"fileName": "100%.pdf"}, "100%.pdf", None),
    ({"title": "50%20of all"}, "50%20of all", None),
    ({"source": "www.example.com/help"}, "www.example.com/help", "https://www.example.com/help"),
    ({"title": "Tom &amp; Jerry"}, "Tom & Jerry", None),
    ({"title": "R&D &notes &#x26; more"}, "R&D &notes & more", None),
    ({"title": "T", "url": "https://a.example/?a=1&amp;b=2"}, "T", "https://a.example/?a=1&b=2"),
    # A slash does not cut a title, and a path is cut.
    *(
        ({key: whole}, whole, None)
        for key in ("title", "source", "fileName", "name")
        for whole in (
            "Budget 24/25",
            "TCP/IP basics",
            "HR/Benefits FAQ",
            "Google Sheets: Budget 24/25 - Q1",
            "and/or",
            "A / B.pdf",
            "Budget 24/25.xlsx",
            "TCP/IP basics.pdf",
        )
    ),
    ({"source": "docs/TCP/IP basics.pdf"}, "TCP/IP basics.pdf", None),
    ({"title": "Node.js/Express.js"}, "Node.js/Express.js", None),
    ({"title": "HR/Benefits FAQ.pdf"}, "HR/Benefits FAQ.pdf", None),
    ({"title": "/srv/uploads/report.pdf"}, "report.pdf", None),
    ({"title": "uploads/2026/report.pdf"}, "report.pdf", None),
    ({"title": "/srv/uploads/2026/report"}, "report", None),
    ({"title": "C:\\Users\\ada\\notes"}, "notes", None),
    ({"title": "/r/python"}, "/r/python", None),
    *(
        ({key: path}, "report.pdf", None)
        for key in ("source", "fileName", "file_path")
        for path in (
            "docs/2024/report.pdf",
            "docs\\report.pdf",
            "\\\\server\\share\\report.pdf",
            "~/report.pdf",
            "../report.pdf",
            "file:///srv/report.pdf",
            "gs://bucket/a/report.pdf?generation=7",
            "FILE-STORAGE::report.pdf",
            "docs%2F2024%2F05%2Freport.pdf",
            "docs/TCP/report.pdf",
        )
    ),
    ({"source": "/srv/handbook"}, "handbook", None),
    ({"source": "C:\\docs\\handbook\\"}, "handbook", None),
    # What is no name gives way to what is one.
    *(({"title": nothing, "source": "a.md"}, "a.md", None) for nothing in NO_TITLES),
    ({"title": ["Handbook", "x"]}, "Handbook", None),
    ({"Title": "Handbook"}, "Handbook", None),
    (
        {"source": f"{TEMPORARY}/upload/{UUID}.pdf", "pdf": {"info": {"Title": "Microsoft Word - Plan.docx"}}},
        "Plan.docx",
        None,
    ),
    (
        {"source": f"{TEMPORARY}/{UUID}.pdf", "url": "https://a.example/plan"},
        "a.example/plan",
        "https://a.example/plan",
    ),
    ({"source": f"{TEMPORARY}/{UUID}.pdf"}, f"{UUID}.pdf", None),
    ({"source": "uploads/tmpab12cd_4.pdf", "name": "Plan"}, "Plan", None),
    ({"source": f"uploads/{UUID}_Plan.pdf"}, "Plan.pdf", None),
    ({"source": "export/Plan 0123456789abcdef0123456789abcdef.md"}, "Plan.md", None),
    ({"source": "data:application/pdf;base64,JVBERi0="}, "Untitled", None),
    ({"title": "https://a.example/x?key=5ec7e7"}, "a.example/x", "https://a.example/x?key=5ec7e7"),
    # Loaders that give no address, but all that it is made of.
    (
        {"source": "docs/README.md", "repository": "https://github.com/acme/app", "branch": "main"},
        "README.md",
        "https://github.com/acme/app/blob/main/docs/README.md",
    ),
    (
        {"id": "OPS-42", "host": "https://acme.atlassian.net", "projectKey": "OPS"},
        "OPS-42",
        "https://acme.atlassian.net/browse/OPS-42",
    ),
    (
        {"id": "10001", "host": "acme.atlassian.net", "projectKey": "OPS"},
        "OPS, issue 10001",
        "https://acme.atlassian.net/issues/?jql=id%3D10001",
    ),
    (
        {"id": 10001, "key": "OPS-42", "host": "https://acme.atlassian.net/", "projectKey": "OPS"},
        "OPS-42",
        "https://acme.atlassian.net/browse/OPS-42",
    ),
    ({"id": "10001", "host": "javascript:x", "projectKey": "OPS"}, "OPS, issue 10001", None),
    ({"source": "dQw4w9WgXcQ", "title": "A song", "view_count": 3}, "A song", "https://youtu.be/dQw4w9WgXcQ"),
    ({"source": "dQw4w9WgXcQ", "doctype": "youtube"}, "youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ"),
]


@pytest.mark.parametrize(("metadata", "title", "url"), CALLED)
def test_what_a_document_is_called_and_where_its_link_leads(metadata: object, title: str, url: str | None) -> None:
    document = only(metadata)
    assert (document.title, document.url) == (title, url)


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:5ec7e7@docs.example/x",
        "https://ann:5e/c7e7@docs.example/x?token=5ec7e7",
        "postgres://ann:5ec7e7@db.example/x?password=5ec7e7",
        "jdbc:postgresql://ann:5e?c7e7@db.example/x",
        "s3://AKIA:5ec7e7@bucket/x#5ec7e7",
        "https://docs.example/x?token=5ec7e7&" + "a" * 3_000,
    ],
)
@pytest.mark.parametrize("key", ["source", "url", "title", "fileName", "name"])
def test_what_may_be_a_secret_in_an_address_is_in_no_name(address: str, key: str) -> None:
    document = only({key: address})
    assert "e7" not in document.title
    assert document.url is None


def test_a_title_that_is_the_chunks_text_is_not_shown() -> None:
    assert only({"title": LONG, "source": "policy.md"}, LONG + " And so on.") == SourceDocument("policy.md")
    assert only({"title": LONG}, LONG) == SourceDocument("Untitled")
    assert only({"title": LONG}, "Another text.") == SourceDocument(LONG)
    assert only({"title": "Returns"}, "Returns") == SourceDocument("Returns")


# --- Which part of it -------------------------------------------------------------------------------------------------

NO_PAGES: list[object] = [-1, "-1", 7.5, float("nan"), float("inf"), [7], {}, "", "null", False, 10**400]
PAGES: list[object] = [7, 7.0, "7", " 7 ", "7.0", "page 7", "p. 7"]
PARTS: list[tuple[dict[str, object], SourceDocument]] = [
    *(({"page": page}, SourceDocument("T", page="7")) for page in PAGES),
    *(({"page": page}, SourceDocument("T")) for page in NO_PAGES),
    ({"page": 6, "page_label": "7", "total_pages": 9}, SourceDocument("T", page="7")),
    ({"page": 6, "total_pages": 9}, SourceDocument("T", page="7")),
    ({"page_number": 7, "totalPages": 9, "pageIndex": 3}, SourceDocument("T", page="7")),
    ({"totalPages": 9}, SourceDocument("T")),
    ({"page": None, "loc": {"pageNumber": "x" * 30}}, SourceDocument("T", page="x" * 19 + "…")),
    ({"slideNumber": 3}, SourceDocument("T", slide=3)),
    ({"sheetName": "Q1", "row": 12}, SourceDocument("T", sheet="Q1", row=12)),
    ({"worksheet": "Staff", "rowNum": 3.0}, SourceDocument("T", sheet="Staff", row=4)),
    ({"sheetName": "T"}, SourceDocument("T")),
    ({"line": 12, "loc": {"lines": {"from": 1, "to": 2}}}, SourceDocument("T", lines=(12, 12))),
    ({"loc": {"lines": {"from": "15", "to": "20"}}}, SourceDocument("T", lines=(15, 20))),
]


@pytest.mark.parametrize(("metadata", "document"), PARTS)
def test_which_part_of_a_document_it_is(metadata: dict[str, object], document: SourceDocument) -> None:
    assert only({"source": "T", **metadata}) == document


def test_the_columns_of_a_row_do_not_name_its_document() -> None:
    row = {"worksheet": "Staff", "rowNum": 3, "source": "blob", "name": "Ada", "title": "Dr", "page": "12"}
    assert only(row) == SourceDocument("Staff", row=4)
    assert only({**row, "fileName": "staff.xlsx"}) == SourceDocument("staff.xlsx", sheet="Staff", row=4)
    sheet = {"source": "Google Sheets: Budget 24/25 - Q1", "sheetName": "Q1"}
    assert only(sheet) == SourceDocument("Google Sheets: Budget 24/25 - Q1")
    assert only({**sheet, "spreadsheetTitle": "Budget 24/25"}) == SourceDocument("Budget 24/25", sheet="Q1")


def test_where_one_page_is_page_0_all_of_its_document_are_counted_from_0() -> None:
    chunks = [
        {"metadata": {"source": source, "page": page}} for source, page in [("a", 3), ("a", 0), ("b", 3), ("a", "x")]
    ]
    found = source_documents(chunks) or ()
    assert [document.page for document in found] == ["4", "1", "3", "x"]


# --- Whatever comes ---------------------------------------------------------------------------------------------------

KEYS = [
    "title",
    "source",
    "fileName",
    "name",
    "url",
    "loc",
    "pdf",
    "page",
    "loc.lines",
    "worksheet",
    "rowNum",
    "id",
    "host",
    "projectKey",
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([DRIVE, "a/b.pdf", "{}", "%41"])
)
metadata_of_nobody = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*KEYS, "lines", "from", "info", "Title"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(30), deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), metadata_of_nobody) | metadata_of_nobody)
def test_whatever_the_metadata_is_it_can_be_shown(metadata: object) -> None:
    document = only(metadata)
    assert 0 < len(document.title) <= 200
    assert document.url is None or document.url.startswith(("https://", "http://"))
    assert "\n" not in document.title + (document.page or "") + (document.sheet or "")


@settings(max_examples=examples(30), deadline=None)
@given(
    st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters='%<>|"\\\\`?#/'), min_size=1, max_size=12)
)
def test_what_was_percent_encoded_is_shown_as_it_was(segment: str) -> None:
    shown = only({"source": f"https://a.example/{quote(segment, safe='')}"}).title
    assert shown == f"a.example/{segment}"
