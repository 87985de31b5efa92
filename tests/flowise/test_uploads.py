"""Which way each file of a question goes, and under which name: tables, and any name and type at all."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flowise.chatbot_config import chatbot_config
from bot.flowise.file_names import TEXT, file_name, type_of
from bot.flowise.prediction import IMAGE, Upload, Uploads
from bot.flowise.request_body import MULTIPART, PredictionBody, form
from bot.flowise.uploads import (
    MOST_IN_BODY,
    VOICE_MIME,
    Accepted,
    LeftOutFile,
    OfferedFile,
    PlannedFile,
    Reason,
    Way,
    accepted,
    plan,
)
from bot.playground.flowise.files import check_name

MB = 1024 * 1024
IMAGES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
ALL = Accepted(IMAGES, hears=True, documents=frozenset({TEXT, "text/csv", "application/json", "application/pdf"}))
STORE = Accepted(stored=frozenset({".txt", ".py", ".pdf"}))
CLIP = "slack_audio"

# What Flowise 3.1.4 answers.
IMAGES_AND_VOICE = {
    "isSpeechToTextEnabled": True,
    "isImageUploadAllowed": True,
    "isRAGFileUploadAllowed": False,
    "imgUploadSizeAndTypes": [{"fileTypes": [*sorted(IMAGES), ""], "maxUploadSize": 5}],
    "fileUploadSizeAndTypes": [],
}
A_STORE = {
    "isSpeechToTextEnabled": False,
    "isImageUploadAllowed": False,
    "isRAGFileUploadAllowed": True,
    "imgUploadSizeAndTypes": [],
    "fileUploadSizeAndTypes": [{"fileTypes": [".txt", ".py"], "maxUploadSize": 500}],
}
FULL = {"fullFileUpload": {"status": True, "allowedUploadFileTypes": "text/plain,application/pdf", "pdfFile": {}}}


def offered(name: str, mime: str = "", size: int = 10, *, clip: bool = False, file_id: str = "F1") -> OfferedFile:
    return OfferedFile(file_id, name, mime, size, clip)


@pytest.mark.parametrize(
    ("uploads", "config", "may_store", "takes"),
    [
        (IMAGES_AND_VOICE, {}, True, Accepted(IMAGES, hears=True)),
        (IMAGES_AND_VOICE | {"isImageUploadAllowed": False}, {}, True, Accepted(hears=True)),
        ({}, FULL, False, Accepted(documents=frozenset({TEXT, "application/pdf"}))),
        ({}, {"fullFileUpload": {"status": False, "allowedUploadFileTypes": TEXT}}, False, Accepted()),
        ({}, {"fullFileUpload": {"status": True}}, False, Accepted()),
        (A_STORE, None, True, Accepted(stored=frozenset({".txt", ".py"}))),
        (A_STORE, None, False, Accepted()),
        (None, 7, True, Accepted()),
        ({"isImageUploadAllowed": True, "imgUploadSizeAndTypes": [7, {"fileTypes": 5}]}, [], True, Accepted()),
    ],
)
def test_what_a_flow_takes(uploads: object, config: object, may_store: bool, takes: Accepted) -> None:
    read = chatbot_config(config if isinstance(config, dict) else {})
    assert accepted(uploads, read.document_types, may_store=may_store) == takes


@pytest.mark.parametrize(
    ("file", "takes", "way", "name", "kind"),
    [
        (offered("image.png", "image/png"), ALL, Way.IMAGE, "image-F1.png", "image/png"),
        (offered("a.b.JPEG", "image/jpeg"), ALL, Way.IMAGE, "a.b-F1.jpg", "image/jpeg"),
        (offered("shot", "image/png"), ALL, Way.IMAGE, "shot-F1.png", "image/png"),
        (offered("shot", "image/jpg"), ALL, Way.IMAGE, "shot-F1.jpg", "image/jpeg"),
        (offered("plan.pdf", "application/pdf"), ALL, Way.DOCUMENT, "plan-F1.pdf", "application/pdf"),
        (offered("t.csv", TEXT), ALL, Way.DOCUMENT, "t-F1.csv", "text/csv"),
        (offered("app.py", "text/x-python"), ALL, Way.DOCUMENT, "app.py-F1.txt", TEXT),
        (offered("x.log", TEXT), ALL, Way.DOCUMENT, "x.log-F1.txt", TEXT),
        (offered("README", TEXT), ALL, Way.DOCUMENT, "README-F1.txt", TEXT),
        (offered("c.md", "text/markdown"), ALL, Way.DOCUMENT, "c.md-F1.txt", TEXT),
        (offered("X.TXT", TEXT), ALL, Way.DOCUMENT, "X-F1.txt", TEXT),
        (offered("d.json", "application/json"), ALL, Way.DOCUMENT, "d.json-F1.txt", TEXT),
        (offered("../../x.txt", TEXT), ALL, Way.DOCUMENT, "_._x-F1.txt", TEXT),
        (offered("app.py", TEXT), STORE, Way.STORED, "app.py-F1.txt", TEXT),
        (offered("plan.pdf"), STORE, Way.STORED, "plan-F1.pdf", "application/pdf"),
        (offered("clip.m4a", "audio/mp4", clip=True), ALL, Way.VOICE, "clip.m4a", "audio/mp4"),
        (offered("clip.mp4", "video/mp4", clip=True), ALL, Way.VOICE, "clip.mp4", "video/mp4"),
        (offered("clip.m4a", "audio/x-m4a", clip=True), ALL, Way.VOICE, "clip.m4a", "audio/mp4"),
        (offered("clip.mp4", "audio/mp4", clip=True), ALL, Way.VOICE, "clip.mp4.m4a", "audio/mp4"),
        (offered("clip.webm", "audio/webm", clip=True), ALL, Way.VOICE, "clip.webm", "audio/webm"),
        (offered("talk.mp3", "audio/mpeg"), ALL, Way.VOICE, "talk.mp3", "audio/mpeg"),
    ],
)
def test_a_file_goes_its_way(file: OfferedFile, takes: Accepted, way: Way, name: str, kind: str) -> None:
    [planned] = plan([file], takes, has_words=way is not Way.VOICE, largest=10 * MB)
    assert planned == PlannedFile(file, way, name, kind, VOICE_MIME if way is Way.VOICE else kind)


@pytest.mark.parametrize(
    ("file", "takes", "has_words", "reason"),
    [
        (offered("a.png", "image/png", 0), ALL, True, Reason.EMPTY),
        (offered("a.png", "image/png", 10 * MB + 1), ALL, True, Reason.TOO_LARGE),
        (offered("a.png", "image/png"), STORE, True, Reason.NO_IMAGES),
        (offered("a.heic", "image/heic"), ALL, True, Reason.NOT_THIS_IMAGE),
        (offered("a.txt", "image/heic"), ALL, True, Reason.NOT_THIS_IMAGE),
        (offered("clip.m4a", "audio/mp4", clip=True), STORE, False, Reason.NO_VOICE),
        (offered("clip.m4a", "audio/mp4", clip=True), ALL, True, Reason.WORDS_AND_VOICE),
        (offered("clip", "audio/x-odd", clip=True), ALL, False, Reason.NOT_THIS_CLIP),
        (offered("film.mp4", "video/mp4"), ALL, True, Reason.NOT_TAKEN),
        (offered("a.exe", "application/octet-stream"), ALL, True, Reason.NOT_TAKEN),
        (offered("a.docx"), STORE, True, Reason.NOT_TAKEN),
        (offered("a.txt", TEXT), Accepted(), True, Reason.NOT_TAKEN),
    ],
)
def test_a_file_stays_behind(file: OfferedFile, takes: Accepted, has_words: bool, reason: Reason) -> None:
    assert plan([file], takes, has_words=has_words, largest=10 * MB) == (LeftOutFile(file, reason),)


def test_what_travels_in_the_body_has_a_limit_together_and_documents_count_apart() -> None:
    files = [
        *(offered("a.png", "image/png", 10 * MB, file_id=f"F{number}") for number in range(4)),
        offered("b.pdf", "", 10 * MB, file_id="F4"),
        offered("c.png", "image/png", 6 * MB, file_id="F5"),
        offered("d.png", "image/png", 1, file_id="F6"),
    ]
    planned = plan(files, ALL, has_words=True, largest=10 * MB)
    left_out = [file.file.id for file in planned if isinstance(file, LeftOutFile) and file.reason is Reason.TOO_MUCH]
    assert left_out == ["F3", "F6"]
    assert MOST_IN_BODY * 4 / 3 < 50 * MB


def test_one_clip_is_heard() -> None:
    files = [offered(f"clip{number}.m4a", "audio/mp4", clip=True) for number in range(2)]
    _, second = plan(files, ALL, has_words=False, largest=MB)
    assert second == LeftOutFile(files[1], Reason.ONE_CLIP)


hostile = st.text(st.sampled_from("../\\<>'\"@!#%\x00\r\n;:`|&ä日🎈 -_a.txtpng"), max_size=60) | st.text(max_size=300)


@given(hostile, st.sampled_from([*IMAGES, TEXT, "application/pdf", "audio/mp4", "text/csv"]))
def test_no_name_breaks_out_of_anything(name: str, mime: str) -> None:
    safe = file_name(name, "F1", mime)
    check_name(safe, mime)  # as Flowise does
    assert not re.search(r"[\x00-\x1f/\\<>'\"%:;&|`]|\.\.|^\.*$", safe)
    assert len(safe.encode()) < 200


@given(hostile, hostile, st.integers(0, 2 * MB), st.booleans(), st.booleans())
def test_any_file_has_a_way_or_a_reason(name: str, mime: str, size: int, clip: bool, has_words: bool) -> None:
    file = offered(name, mime, size, clip=clip)
    [planned] = plan([file], ALL, has_words=has_words, largest=MB)
    assert isinstance(planned, LeftOutFile) or (size <= MB and planned.type and planned.name.isprintable())
    assert "\n" not in type_of(name, "")


TYPES = st.sampled_from([*IMAGES, TEXT, "application/pdf", "audio/mp4", "text/x-python", "text/csv"])


@given(hostile, TYPES | hostile | st.builds("{}{}".format, TYPES, hostile), st.binary(max_size=20), st.booleans())
def test_no_name_or_type_leaves_its_place_on_the_wire(name: str, mime: str, content: bytes, clip: bool) -> None:
    [planned] = plan([offered(name, mime, clip=clip)], ALL, has_words=not clip, largest=MB)
    if isinstance(planned, LeftOutFile):
        return
    upload = Upload(IMAGE, planned.name, planned.mime, planned.type, content)
    before, part, end = b"".join(form({}, upload)[1]).split(f"--{MULTIPART.rpartition('=')[2]}".encode())
    assert (before, end) == (b"", b"--\r\n")
    head, _, sent = part.partition(b"\r\n\r\n")
    assert sent == content + b"\r\n"
    assert head.decode().split("\r\n") == [
        "",
        f'content-disposition: form-data; name="files"; filename="{planned.name}"',
        f"content-type: {planned.type}",
    ]
    assert planned.name.count('"') == 0
    [told] = json.loads(b"".join(PredictionBody({"question": "?"}, Uploads([upload])).pieces()))["uploads"]
    assert (told["name"], told["mime"]) == (planned.name, planned.mime)
    assert re.fullmatch(r"data:[a-z]+/[\w.+-]+;base64,[\w+/=]*", told["data"])
    assert re.fullmatch(r"<doc name='[^'<>&\n]+'>", f"<doc name='{planned.name}'>")
