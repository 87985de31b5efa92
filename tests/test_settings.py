"""Tests that wrong settings are reported in one line each, without values, and that the example file matches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings.errors import problems_of
from bot.settings.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "FLOWISE_URL": "http://localhost:3100/",
    "FLOWISE_CHATFLOW_ID": "abc-123",
}


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name, value in (GOOD | changes).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return read_settings(None)


def test_the_least_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)
    assert settings.flowise_url == "http://localhost:3100"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.redis_url is None


def test_everything_missing_is_a_line_each() -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings(None)
    lines = str(failure.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLOWISE_URL", "FLOWISE_CHATFLOW_ID")
    ]
    assert all("expected" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-secretvalue", "an app-level token, which belongs in SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", "xoxp-1-secretvalue", "a user token; expected the bot token (xoxb-…) from OAuth"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-secretvalue", "token rotation"),
        ("SLACK_BOT_TOKEN", "secretvalue", "expected the bot token"),
        ("SLACK_BOT_TOKEN", "xoxb-1\nsecretvalue", "one word"),
        ("SLACK_BOT_TOKEN", '"xoxb-1-secretvalue"', "without quotes"),
        ("SLACK_BOT_TOKEN", "\u201cxoxb-1-secretvalue\u201d", "without quotes"),
        ("SLACK_APP_TOKEN", "xoxb-1-secretvalue", "a bot token, which belongs in SLACK_BOT_TOKEN"),
        ("SLACK_SIGNING_SECRET", "xapp-1-secretvalue", "expected the Signing Secret"),
        ("SLACK_COMMAND", "flowise", "expected a slash"),
        ("SLACK_API_URL", "slack.com", "expected an address"),
        ("SLACK_EDIT_INTERVAL", "0.1", "0.4"),
        ("FLOWISE_URL", "localhost:3000", "expected an address"),
        ("FLOWISE_URL", "http://localhost:3000/api/v1", "without /api/v1"),
        ("FLOWISE_URL", "http://me:secretvalue@localhost:3000", "without a name and password"),
        ("FLOWISE_URL", "http://localhost:3000/v2/agentcanvas/1", "belongs in FLOWISE_CHATFLOW_ID"),
        ("FLOWISE_CHATFLOW_ID", "http://x/canvas/1", "expected the id alone"),
        ("FLOWISE_TOTAL_TIMEOUT", "soon", "expected a number"),
        ("BOT_MOST_MESSAGES", "3.5", "expected a whole number"),
        ("REDIS_REQUIRED", "yes please", "expected true or false"),
        ("REDIS_URL", "localhost:6379", "expected redis://"),
        ("REDIS_URL", "redis+cluster://:secretvalue@one,two/1", "database 0 alone"),
        ("REDIS_URL", "redis+sentinel://:secretvalue@one,two", "the master's name"),
        ("FLOWISE_URL", "http://localhost:secretvalue", "whose port is a number"),
        ("PORT", "99999", "65535"),
        ("PORT", "3100", "is Flowise's on this machine, by FLOWISE_URL; expected another, such as 3101"),
        ("FLOWISE_VARS", "user_id,secretvalue", "expected names out of user_id, user_name"),
        ("FLOWISE_STATE", "name", "expected names out of user_id, user_name"),
        ("BOT_INTRODUCE", "secretvalue", "expected names out of name, email, channel"),
        ("BOT_FOLLOW_UPS", "some", "'all' or 'mentions'"),
        ("BOT_LINK_HOSTS", "https://secretvalue", "names of hosts alone"),
        ("FLOWISE_HEADERS", "X-Secret: secretvalue", "expected name=value"),
        ("FLOWISE_HEADERS", "Host=secretvalue", "none that the bot sends itself"),
    ],
)
def test_a_wrong_value_is_named_but_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError) as failure:
        read(monkeypatch, **{name: value})
    [line] = str(failure.value).splitlines()
    assert line.startswith(f"{name}: ")
    assert said in line
    assert "secretvalue" not in line


def test_one_of_two_transports_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"^SLACK_APP_TOKEN: not set; expected an app-level token.*SIGNING_SECRET$"):
        read(monkeypatch, SLACK_APP_TOKEN=None)
    with pytest.raises(
        SettingsError, match=r"^SLACK_SIGNING_SECRET: [^\n]*$"
    ):  # given, though wrong: nothing is missing
        read(monkeypatch, SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="xoxb-1")
    assert read(monkeypatch, SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="s").slack_app_token is None


def test_the_default_port_is_not_flowise_s_unless_that_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"^PORT: is Flowise's on this machine"):
        read(monkeypatch, FLOWISE_URL="http://localhost:3000")
    assert read(monkeypatch, FLOWISE_URL="http://flowise:3000").port == 3000
    assert read(monkeypatch, FLOWISE_URL="http://localhost:3000", HOST="192.0.2.1").port == 3000


def test_a_required_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: not set; expected"):
        read(monkeypatch, REDIS_REQUIRED="true")


def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, REDIS_URL="", FLOWISE_API_KEY="").flowise_api_key is None


def test_secrets_are_known_to_the_log_and_hidden_in_print(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, FLOWISE_API_KEY="key-1", REDIS_URL="redis://:pass@host/0")
    assert set(settings.secrets()) == {"xoxb-1", "xapp-1", "key-1", "pass"}
    assert "xoxb-1" not in repr(settings)
    proxied = read(monkeypatch, FLOWISE_HEADERS="X-Client-Id=ada,X-Client-Secret=s3cret-value")
    assert "s3cret-value" in proxied.secrets()
    assert "s3cret-value" not in repr(proxied)
    with pytest.raises(SettingsError, match=r"^FLOWISE_HEADERS: expected no Authorization"):
        read(monkeypatch, FLOWISE_HEADERS="authorization=Basic secretvalue")
    monkeypatch.delenv("FLOWISE_HEADERS")
    several = read(monkeypatch, REDIS_URL="redis+sentinel://:pa%24s@one,two/main?sentinel_password=watch")
    assert {"pa%24s", "pa$s", "watch"} <= set(several.secrets())
    assert "watch" not in repr(several)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FLOWISE_URL=http://file\nSLACK_COMMAND=/ask\n")
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    settings = read_settings(file)
    assert (settings.flowise_url, settings.slack_command) == ("http://localhost:3100", "/ask")


def test_an_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("SLACK_BOT_TOKEN=xoxb-1".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"\.env: expected a text file in UTF-8"):
        read_settings(file)


def test_where_a_file_was_looked_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"^\.env: there is none in {re.escape(str(tmp_path))}"):
        read_settings(tmp_path / ".env")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("FLOWISE_CHATFLOWID=secretvalue", "FLOWISE_CHATFLOWID: not a setting; did you mean FLOWISE_CHATFLOW_ID?"),
        ("flowise_chat_flow_id=secretvalue", "FLOWISE_CHAT_FLOW_ID: not a setting; did you mean FLOWISE_CHATFLOW_ID?"),
        ("FLOWISE_CHATFLOW_ID: secretvalue", ".env: line 2 is left out, as it is not NAME=value; is a quote missing?"),
        ('FLOWISE_CHATFLOW_ID="secretvalue', ".env: line 2 is left out, as it is not NAME=value; is a quote missing?"),
    ],
)
def test_a_line_without_effect_is_told(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / ".env"
    file.write_bytes(f"\ufeff# ours\r\n{line}\r\n".encode())
    assert problems_of(file, Settings.model_fields) == [told]
    with pytest.raises(SettingsError) as failure:
        read_settings(file)
    assert str(failure.value).splitlines()[0] == told


def test_what_belongs_to_others_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FLOWISE_USERNAME=a\nFLOWISE_PASSWORD=b\nFLOWISE_FILE_SIZE_LIMIT=50mb\nPORTS=1\nPORT=2\n")
    assert problems_of(file, Settings.model_fields) == []


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(re.fullmatch(r"([A-Z_]+)=(.*)", line).groups() for line in lines if line and not line.startswith("#"))  # type: ignore[union-attr,misc]


def test_the_example_file_mirrors_the_settings() -> None:
    assert set(example()) == {name.upper() for name in Settings.model_fields}


def test_the_example_file_shows_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    filled = {name: value for name, value in example().items() if value} | GOOD
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in filled.items()))
    assert read_settings(file) == read(monkeypatch)


def documented() -> dict[str, str]:
    """The defaults of the documented table, by setting."""
    text = (ROOT / "docs/settings.md").read_text()
    return {
        name: default.strip("`") for name, default in re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\|", text, re.MULTILINE)
    }


def test_the_documented_table_lists_every_setting() -> None:
    assert sorted(documented()) == sorted(name.upper() for name in Settings.model_fields)


# What stands there in words.
IN_WORDS = {
    "SLACK_BOT_TOKEN": "required",
    "FLOWISE_URL": "required",
    "FLOWISE_CHATFLOW_ID": "required",
    "REDIS_URL": "a private store",
}


def test_the_documented_table_has_the_defaults() -> None:
    table = documented()
    for name, field in Settings.model_fields.items():
        setting = name.upper()
        if setting in IN_WORDS:
            assert table[setting] == IN_WORDS[setting]
            assert field.is_required() or not field.default
        else:
            value = "" if field.default is None else field.default
            assert table[setting] == (str(value).lower() if isinstance(value, bool) else str(value)), setting
