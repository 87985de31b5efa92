"""Tests that changes of the configuration come into force, and that what is wrong changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from bot.config.live import LiveConfiguration
from bot.errors import SettingsError
from tests.config.made import FLOWS, environment


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bot.toml"
    file.write_text('default = "it"\n' + FLOWS)
    return file


def looked(live: LiveConfiguration, times: int = 2) -> None:
    for _ in range(times):
        live.take(live.read())


def test_a_change_is_in_force_once_it_was_seen_twice(file: Path) -> None:
    live, changes = LiveConfiguration(environment(), {}, file), list[str | None]()
    live.when_changed(lambda: changes.append(live.effective.default))
    looked(live)
    file.write_text('default = "law"\n' + FLOWS)
    looked(live, 1)
    assert (live.effective.default, changes) == ("it", [])
    looked(live, 3)
    assert (live.effective.default, changes) == ("law", ["law"])


def test_a_file_that_became_wrong_changes_nothing_and_is_told_once(file: Path) -> None:
    live = LiveConfiguration(environment(), {}, file)
    file.write_text('default = "secretvalue"\n' + FLOWS)
    with structlog.testing.capture_logs() as lines:
        looked(live, 5)
        assert live.effective.default == "it"
        assert live.problem.startswith("bot.toml:1: default: ")
        assert "secretvalue" not in live.problem
        file.write_text('default = "it"\n' + FLOWS)
        looked(live)
    assert live.problem == ""
    assert [line["event"] for line in lines] == ["configuration file rejected", "configuration file accepted"]


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_is_gone_or_half_written_changes_nothing(file: Path, gone: bool) -> None:
    live = LiveConfiguration(environment(), {}, file)
    if gone:
        file.unlink()
    else:
        file.write_text('default = "it"\n[flows.it')
    looked(live)
    assert live.problem
    assert live.effective.default == "it"


def test_a_key_that_changes_in_its_file_is_a_change(file: Path) -> None:
    key = file.with_name("it.key")
    key.write_text("first-key\n")
    file.write_text(file.read_text().replace('chatflow_id = "i"', 'chatflow_id = "i"\napi_key_file = "it.key"'))
    live, changes = LiveConfiguration(environment(), {}, file), list[str]()
    live.when_changed(lambda: changes.append(live.secrets["it"].api_key))
    key.write_text("second-key\n")
    looked(live)
    assert changes == ["second-key"]


def test_what_admins_set_stands_under_the_file(file: Path) -> None:
    live = LiveConfiguration(environment(), {}, file)
    file.write_text(FLOWS)
    looked(live)
    live.take_home('{"default": "law"}')
    assert live.effective.default == "law"
    live.take_home("no settings")
    assert live.effective.default == "law"
    file.write_text('default = "handbook"\n' + FLOWS)
    looked(live)
    assert live.effective.default == "handbook"


def test_without_a_file_there_is_one_flow_with_the_settings_secrets() -> None:
    settings = {"FLOWISE_CHATFLOW_ID": "one", "FLOWISE_API_KEY": "the-key"}
    given = environment(**settings)
    live = LiveConfiguration(given, settings)
    looked(live)
    assert {name: flow.chatflow_id for name, flow in live.effective.flows.items()} == {"": "one"}
    assert live.secrets[""].api_key == "the-key"
    assert not live.has_file


def test_a_wrong_file_at_the_start_is_an_error(file: Path) -> None:
    file.write_text("")
    with pytest.raises(SettingsError, match="flows: not set"):
        LiveConfiguration(environment(), {}, file)
