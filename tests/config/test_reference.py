"""Tests that the documentation and the schema are those of the model, and that the schema judges as the model does."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from bot.__main__ import WRONG_SETTINGS, main
from bot.config import reference
from docs.configuration import EXAMPLE, PAPER, SCHEMA, paper
from tests.config.made import FLOWS, LEAST


def test_the_documentation_is_that_of_the_model() -> None:
    text = PAPER.read_text(encoding="utf-8")
    assert text == paper(text), "run: python -m docs.configuration"
    assert EXAMPLE.read_text(encoding="utf-8") in text


def test_the_schema_is_that_of_the_model() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == reference.schema(), "run: python -m docs.configuration"


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        (EXAMPLE.read_text(encoding="utf-8"), True),
        (FLOWS, True),
        ("", False),
        (f"colour = 1\n{FLOWS}", False),
        (f'[fairness]\nquestions_per_person = "many"\n{FLOWS}', False),
        (f'[access]\nchannels.deny = ["here"]\n{FLOWS}', False),
        (f'[flows.IT]\nchatflow_id = "x"\n{FLOWS}', False),
    ],
)
def test_the_schema_takes_what_the_model_takes(text: str, is_valid: bool) -> None:
    schema = json.loads(reference.schema())
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(tomllib.loads(text)) == is_valid


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The least settings, and a folder without a .env, in which the configuration file is."""
    for name in ("FLOWISE_CHATFLOW_ID", "FLOWISE_API_KEY", "BOT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (LEAST | {"FLOWISE_URL": "http://flowise:3000"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "bot.toml"
    file.write_text(FLOWS)
    return file


def test_the_command_prints_what_holds(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["flows.it.chatflow_id", '"i"', "(file)"] in lines
    assert ["flows.it.url", '"http://flowise:3000"', "(environment)"] in lines
    settings.rename(settings.with_name("other.toml"))
    assert main(["config", "other.toml", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)["values"]
    assert {"key": "flows.it.chatflow_id", "value": "i", "origin": "file"} in values
    assert main(["config"]) == WRONG_SETTINGS
    assert "bot.toml cannot be read" in capsys.readouterr().err


def test_the_command_checks_a_file_alone(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    assert main(["config", "--check"]) == 0
    assert capsys.readouterr().out == "bot.toml: nothing is wrong with it\n"
    settings.write_text('default = "gone"\n' + FLOWS)
    assert main(["config", "--check", "bot.toml"]) == WRONG_SETTINGS
    assert "bot.toml:1: default: expected the name of a flow" in capsys.readouterr().err
    monkeypatch.delenv("BOT_CONFIG")
    assert main(["config", "--check"]) == WRONG_SETTINGS
    assert "BOT_CONFIG: not set" in capsys.readouterr().err
    (settings.parent / ".env").write_text("BOT_CONFIG=bot.toml\n")
    settings.write_text(FLOWS)
    assert main(["config", "--check"]) == 0
