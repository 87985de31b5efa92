"""Tests that a .env keeps what stands there, reads back what was written, and is nobody else's."""

from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import SettingsError
from bot.setup.env_file import changed, present, write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=1\nB=2\n"),
        ("# mine\nC=3\n\n", "# mine\nC=3\n\nA=1\nB=2\n"),
        ("C=3", "C=3\nA=1\nB=2\n"),
        ("A=\n# about B\nB=old\nC=3\n", "A=1\n# about B\nB=2\nC=3\n"),
        ("export A='o l d'  # why\nB=x\n", "export A=1\nB=2\n"),
        ("A=0\nA=9\n", "A=1\nA=1\nB=2\n"),
        ('A="two\nlines"\nC="x\ny"\n', 'A=1\nC="x\ny"\nB=2\n'),
        ("no setting\nA=0\n", "no setting\nA=1\nB=2\n"),
    ],
)
def test_values_take_the_place_of_the_old_ones_and_all_else_stays(before: str, after: str) -> None:
    assert changed(before, {"A": "1", "B": "2"}) == after


@settings(max_examples=50)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_every_value_is_read_back_as_it_was_given(value: str) -> None:
    text = changed("B=2\n", {"A": value})
    assert dotenv_values(stream=StringIO(text), interpolate=True) == {"B": "2", "A": value}


def test_the_file_is_for_its_owner_alone_whatever_it_was(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=0\n")
    file.chmod(0o644)
    before = os.umask(0)
    try:
        write(file, {"A": "1"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real").write_text("A=0\n")
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere" / "real")
    write(tmp_path / ".env", {"A": "1"})
    assert (tmp_path / ".env").is_symlink()
    assert present(tmp_path / "elsewhere" / "real") == {"A": "1"}


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    assert present(tmp_path / ".env") == {}
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(SettingsError, match="UTF-8"):
        present(tmp_path / ".env")
    with pytest.raises(SettingsError, match=r"cannot be written \(No such file"):
        write(tmp_path / "none" / ".env", {"A": "1"})
