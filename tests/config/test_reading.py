"""Tests that each mistake in a configuration file is named by its line and key, without the value."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.config.loading import load
from bot.config.reading import MOST_BYTES, configuration, read_file
from bot.errors import SettingsError
from tests.config.made import FLOWS, environment

EXAMPLE = Path(__file__).parent.parent.parent / "deploy" / "bot.example.toml"


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as failure:
        configuration(text, "bot.toml")
    return str(failure.value).splitlines()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('default = "secretvalue"', "bot.toml:1: default: ", "the name of a flow in this file: handbook, it, law"),
        ("colour = 1", "bot.toml:1: colour: ", "unknown; expected one of default, routes, access"),
        ('\n[acess]\nguests = "refuse"', "bot.toml:2: acess: ", "unknown; did you mean access?"),
        ('[access]\nguests = "secretvalue"', "bot.toml:2: access.guests: ", "expected 'answer' or 'refuse'"),
        ('[access]\nguest = "x"', "bot.toml:2: access.guest: ", "did you mean guests?"),
        ('[access]\n\npeople.allow = ["C0123ABCD"]', "bot.toml:3: access.people.allow[0]: ", "a person's id"),
        ('[access.groups]\ndeny = "S0123ABCD"', "bot.toml:2: access.groups.deny: ", "a list in brackets"),
        ("[access]\npeople.alow = []", "bot.toml:2: access.people.alow: ", "did you mean allow?"),
        ('[fairness]\nquestions_per_person = "many"', "bot.toml:2: fairness.questions_per_person: ", '"30/hour"'),
        ("[fairness]\nat_once_per_person = 0", "bot.toml:2: fairness.at_once_per_person: ", "at least 1"),
        ('[admins]\npeople = [\n "U0123ABCD",\n "ada",\n]', "bot.toml:2: admins.people[1]: ", "a person's id"),
        ('[[routes]]\nchannels = ["C0123ABCD"]', "bot.toml:1: routes[0].flow: ", "not set; expected a value"),
        ('[[routes]]\nflow = "it"', "bot.toml:1: routes[0]: ", "one of channels, commands, keywords"),
        ('[[routes]]\nflow = "it"\nkeywords = []', "bot.toml:3: routes[0].keywords: ", "at least one"),
        ('[[routes]]\nflow = "it"\nkeywords = ["two words"]', "bot.toml:3: routes[0].keywords[0]: ", "one word"),
        ('[[routes]]\nflow = "it"\ncommands = ["it"]', "bot.toml:3: routes[0].commands[0]: ", "a slash and a name"),
        ('[[routes]]\nflow = "id"\nkeywords = ["it"]', "bot.toml:2: routes[0].flow: ", "the name of a flow"),
        ('[flows.IT]\nchatflow_id = "i"', "bot.toml:1: flows.IT: ", "a name of small letters"),
        ('[flows.x]\napi_key = "secretvalue"', "bot.toml:2: flows.x.api_key: ", "api_key_env or api_key_file"),
        ('[flows.x]\nheaders = "secretvalue"', "bot.toml:2: flows.x.headers: ", "headers_env"),
        ('[flows.x]\napi_key_env = "secret value"', "bot.toml:2: flows.x.api_key_env: ", "environment variable"),
        ('[flows.x]\nurl = "x:secretvalue@y"', "bot.toml:2: flows.x.url: ", "begins with http://"),
        ('[flows.x]\nurl = "http://x/canvas/1"', "bot.toml:2: flows.x.url: ", "belongs in chatflow_id"),
        ('[flows.x]\nchatflow_id = "a/b"', "bot.toml:2: flows.x.chatflow_id: ", "the id alone"),
        ("[flows.x]\nchatflow_id = 3", "bot.toml:2: flows.x.chatflow_id: ", "text in quotes"),
        ('[flows.x]\ntitle = "a\\nb"', "bot.toml:2: flows.x.title: ", "in one line"),
        ("[flows.x]\nheaders_timeout = 0", "bot.toml:2: flows.x.headers_timeout: ", "more than 0"),
        ('[flows.x]\nvars = ["secretvalue"]', "bot.toml:2: flows.x.vars[0]: ", "names out of user_id"),
        ('[flows.x]\nfeedback = """\nsecretvalue\n"""', "bot.toml:2: flows.x.feedback: ", "'auto', 'always' or 'off'"),
        ('[flows.x]\napi_key_env = "A"\napi_key_file = "b"', "bot.toml:1: flows.x: ", "not both"),
        ("[flows.x]\ntitle = '''[ \" ''''\nurl = 3", "bot.toml:3: flows.x.url: ", "text in quotes"),
        ('[flows.x] # [ "\ntitle = "# \\" [{"\nurl = 3', "bot.toml:3: flows.x.url: ", "text in quotes"),
        ('default = "secretvalue', "bot.toml: ", "no TOML: "),
        (f"default = {'[' * 5_000}", "bot.toml: ", "within each other"),
        (f"default = {'9' * 5_000}", "bot.toml: ", "no TOML: "),
    ],
)
def test_a_mistake_is_named_by_its_line_and_key(text: str, line: str, said: str) -> None:
    [told] = mistakes(f"{text}\n{FLOWS}")
    assert told.startswith(line)
    assert said in told
    assert "secretvalue" not in told


def test_every_mistake_is_named_in_the_order_of_the_file() -> None:
    text = '[flows.x]\nurl = "x"\ntitel = ""\n[fairness]\nat_once_per_person = "x"\n[flows.y]\nfeedback = 1\n'
    assert [told.split(": ")[0] for told in mistakes(text)] == [f"bot.toml:{line}" for line in (2, 3, 5, 7)]


def test_many_mistakes_in_a_long_list_are_found_in_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    loads = tomllib.loads

    def counted(text: str) -> dict[str, object]:
        steps.append(len(text))
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    people = "".join(f'  "ada{number}@example.com",\n' for number in range(500))
    told = mistakes(f"[access]\npeople.allow = [\n{people}]\n{FLOWS}")
    assert len(told) == 500
    assert all(one.startswith("bot.toml:2: access.people.allow[") for one in told)
    assert len(steps) < 10


def test_a_file_without_flows_is_none() -> None:
    assert mistakes("") == ["bot.toml:1: flows: not set; expected a value"]
    assert mistakes("[flows]") == ["bot.toml:1: flows: expected at least one"]


def test_the_example_is_read() -> None:
    example = configuration(read_file(EXAMPLE), EXAMPLE.name)
    assert list(example.flows) == ["handbook", "it"]
    assert str(example.fairness.questions_per_channel) == "200/hour"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"^BOT_CONFIG: .*bot\.toml cannot be read \(No such file"),
        (b"x" * (MOST_BYTES + 1), "is larger than 1,000,000 bytes"),
        ('default = "x"'.encode("utf-16"), "expected a text file in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "bot.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_file(file)


SECRET_FILE = """
[flows.handbook]
chatflow_id = "h"
[flows.it]
url = "http://it"
chatflow_id = "i"
"""


def test_secrets_come_from_variables_and_files(tmp_path: Path) -> None:
    file = tmp_path / "bot.toml"
    file.write_text(f'{SECRET_FILE}\napi_key_file = "keys/it"\nheaders_env = "IT_HEADERS"\n')
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "it").write_text("key-it\n")
    variables = {"IT_HEADERS": "X-Client=secretvalue", "FLOWISE_API_KEY": "key-all"}
    loaded = load(file, environment(FLOWISE_API_KEY="key-all"), variables)
    assert {name: secrets.api_key for name, secrets in loaded.secrets.items()} == {
        "handbook": "key-all",
        "it": "key-it",
    }
    assert loaded.secrets["it"].headers == {"X-Client": "secretvalue"}
    assert "key-it" not in repr(loaded)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('api_key_file = "gone"', "bot.toml:7: flows.it.api_key_file: expected a file with the secret; it cannot"),
        ('api_key_file = "empty"', "bot.toml:7: flows.it.api_key_file: expected the secret; it is empty"),
        ('api_key_file = "two"', "bot.toml:7: flows.it.api_key_file: expected one word"),
        ('api_key_env = "UNSET"', "bot.toml:7: flows.it.api_key_env: UNSET is not set; expected the secret"),
        ('api_key_env = "TWO"', "bot.toml:7: flows.it.api_key_env: expected one word"),
        ('headers_env = "TWO"', "bot.toml:7: flows.it.headers_env: TWO: expected name=value"),
        ('api_key_env = "ONE"\nheaders_env = "AUTH"', "bot.toml:8: flows.it.headers_env: AUTH: expected no Auth"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_by_its_key(tmp_path: Path, lines: str, said: str) -> None:
    file = tmp_path / "bot.toml"
    file.write_text(f"{SECRET_FILE}{lines}\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "two").write_text("secretvalue secretvalue")
    variables = {"ONE": "one", "TWO": "secretvalue secretvalue", "AUTH": "authorization=secretvalue"}
    with pytest.raises(SettingsError) as failure:
        load(file, environment(), variables)
    assert str(failure.value).startswith(said)
    assert "secretvalue" not in str(failure.value)


def test_a_flow_needs_an_address_and_an_id_from_somewhere(tmp_path: Path) -> None:
    file = tmp_path / "bot.toml"
    file.write_text('[flows.one]\n[flows.two]\nurl = "http://two"\nchatflow_id = "t"\n')
    with pytest.raises(SettingsError) as failure:
        load(file, environment(FLOWISE_URL=""), {})
    assert [line.split(";")[0] for line in str(failure.value).splitlines()] == [
        "bot.toml:1: flows.one.chatflow_id: not set",
        "bot.toml:1: flows.one.url: not set",
    ]
    assert set(load(file, environment(FLOWISE_CHATFLOW_ID="f"), {}).secrets) == {"one", "two"}
