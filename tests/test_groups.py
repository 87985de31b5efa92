"""What becomes of a run of many workers when one of them dies: it ends, and says of which test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.groups import _BROWSER, _LONG, _SECOND_HALF, _TOGETHER, _turn

ROOT = Path(__file__).parents[1]
TESTS = """
import os, pytest
@pytest.mark.parametrize("number", range(30))
def test_it(number):
    if number == 12:
        os._exit(1)
"""


@pytest.mark.program
def test_a_worker_that_dies_fails_its_test_and_the_others_are_run(tmp_path: Path) -> None:
    (tmp_path / "test_deadly.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text("from tests.groups import Groups as pytest_xdist_make_scheduler\n")
    command = [
        sys.executable,
        *["-m", "pytest", "-q", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider"],
        f"--rootdir={tmp_path}",
        ".",
    ]
    told = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, text=True, check=False, timeout=120)
    assert "test_it[12]" in done.stdout, done.stdout + done.stderr
    assert "1 failed, 29 passed" in done.stdout


def test_what_takes_long_is_begun_first_and_the_others_are_mixed() -> None:
    dialogues = [f"tests/handlers/test_walk.py::test_{number}" for number in range(100)]
    pure = [f"tests/slack/text/test_pages.py::test_{number}" for number in range(100)]
    groups = ["browser, first half", "browser, second half", *_TOGETHER]
    long = [f"{file}::test_it" for file in _LONG]
    order = sorted([*dialogues, *pure, *long, *groups], key=_turn)
    assert set(order[: len(groups)]) == set(groups)
    assert set(order[len(groups) :][: len(long)]) == set(long)
    mixed = order[len(groups) + len(long) :]
    for start in range(0, 200, 40):
        assert 10 <= sum(scope in dialogues for scope in mixed[start : start + 40]) <= 30


def test_the_files_that_are_named_are_there() -> None:
    assert [name for name in (*_TOGETHER, *_LONG, _BROWSER, f"{_SECOND_HALF}.py") if not (ROOT / name).exists()] == []
