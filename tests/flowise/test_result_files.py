"""What tools and code interpreters have made, in whatever shape it comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.events import ResultFile, ResultFiles
from bot.flowise.result_files import MOST_FILES, files_of_run, result_files
from tests.examples import examples

PNG = {"type": "png", "data": "FILE-STORAGE::plot.png"}
CSV = {"filePath": "FILE-STORAGE::table.csv", "fileName": "table.csv"}


def names(data: object) -> list[str]:
    found = result_files(data)
    return [file.name for file in found.files] if found else []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([PNG, CSV], ["plot.png", "table.csv"]),
        ([PNG, PNG, [PNG]], ["plot.png"]),
        ([[PNG], [[CSV]]], ["plot.png", "table.csv"]),
        (PNG, ["plot.png"]),
        ([None, 7, "x", {}, {"type": "png"}, {"type": "png", "data": ""}], []),
        ([{"type": "png", "data": "data:image/png;base64,AAAA"}], [""]),
        ([{"type": "markdown", "data": "# hi"}, {"type": "html", "data": "# hi"}], ["", ""]),
        (
            [{"type": "json", "data": {"a": 1}}, {"type": "json", "data": {"a": 1}}, {"type": "json", "data": [2]}],
            ["", ""],
        ),
        ([{"fileName": "../../etc/passwd", "filePath": "x"}], ["passwd"]),
        ([{"fileName": "C:\\temp\\a.csv", "filePath": "x"}], ["a.csv"]),
        ([{"fileName": "https://host/a/get?chatId=1", "filePath": "x"}], ["get?chatId=1"]),
        ([{"filePath": "FILE-STORAGE::a b (1).csv"}], ["a b (1).csv"]),
        *(
            ([{"fileName": bad, "filePath": "x"}], [""])
            for bad in ("a\nb.png", "a\u202egnp.exe", "..", " ", "\ud83d.png", "n" * 61)
        ),
        ([{"fileName": 7, "filePath": "FILE-STORAGE::a.csv"}], ["a.csv"]),
    ],
)
def test_files_of_a_list(data: object, expected: list[str]) -> None:
    assert names(data) == expected


def test_files_without_a_name_are_told_apart_by_what_they_hold() -> None:
    first = result_files([{"type": "png", "data": "data:image/png;base64,AAAA"}])
    again = result_files([{"type": "png", "data": "data:image/png;base64,AAAA"}])
    other = result_files([{"type": "png", "data": "data:image/png;base64,BBBB"}])
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.and_later(again) == first
    assert len(first.and_later(other).files) == 2


def test_a_list_is_bounded() -> None:
    found = result_files([{"fileName": f"{number}.csv"} for number in range(20_000)])
    assert found is not None
    assert (len(found.files), found.more) == (MOST_FILES, True)
    assert found.and_later(ResultFiles((ResultFile("another.csv"),))) == found
    nested: object = [PNG]
    for _ in range(50):
        nested = [nested]
    assert result_files(nested) is None


def test_the_files_of_a_run_are_those_that_its_nodes_put_out() -> None:
    run = [
        {
            "data": {
                "output": {"artifacts": [[PNG], PNG], "fileAnnotations": [CSV]},
                "chatHistory": [{"artifacts": [PNG]}],
            }
        },
        {"data": {"output": "text"}},
        {"data": {"input": {"artifacts": [{"type": "png", "data": "FILE-STORAGE::of_the_question.png"}]}}},
        None,
    ]
    assert files_of_run(run) == ResultFiles((ResultFile("plot.png"), ResultFile("table.csv")))
    assert files_of_run([]) is None
    assert files_of_run({"a": 1}) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "output", "artifacts", "fileName", "filePath", "type", "name"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@settings(max_examples=examples(30), deadline=None)
@given(anything)
def test_no_data_makes_it_raise(data: object) -> None:
    found = result_files(data)
    assert found is None or all(file.name or file.mark for file in found.files)
    files_of_run(data)
