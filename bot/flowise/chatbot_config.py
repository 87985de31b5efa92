"""Reads what a flow offers to people, from its public configuration: `public-chatbotConfig`.

The answer holds the whole flow, with its prompts and code. A dozen fields are kept, and nothing else of it is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.flowise.follow_ups import prompts
from bot.flowise.json_text import read_json
from bot.flowise.refusals import HttpReply
from bot.flowise.sources import one_line
from bot.records.form import Form, FormField

_LONGEST_TEXT = 300
_MOST_FIELDS = 50
_MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class ChatbotConfig:
    """What a flow offers. Without a setting in Flowise, all of it is off.

    `starter_prompts` are questions to begin with. `feedback`: answers are to be rated. `follow_ups`: each answer comes
    with suggestions. `document_types` are those of documents that may be put into a question as a whole.
    `start_input_type` is how an agent flow begins: `chatInput`, `formInput`, …; empty for other flows. A form has a
    title, a description and fields.
    """

    starter_prompts: tuple[str, ...] = ()
    feedback: bool = False
    follow_ups: bool = False
    document_types: frozenset[str] = frozenset()
    start_input_type: str = ""
    form_title: str = ""
    form_description: str = ""
    form_fields: tuple[FormField, ...] = ()

    @property
    def form(self) -> Form | None:
        """The form that the flow begins with; None for none."""
        return Form(self.form_title, self.form_description, self.form_fields) if self.form_fields else None

    @property
    def is_started_elsewhere(self) -> bool:
        """Whether it begins with a webhook or a schedule alone, so that nobody can ask it."""
        return self.start_input_type in {"webhookTrigger", "scheduleInput"}


def config_of(reply: HttpReply | None) -> ChatbotConfig | None:
    """The configuration in an answer; None where there is none."""
    body = reply.json() if reply is not None and reply.status == 200 and reply.whole else None
    return chatbot_config(body) if isinstance(body, dict) else None


def chatbot_config(body: Mapping[str, object]) -> ChatbotConfig:
    """The configuration of a flow from its JSON."""
    start = _start_node(body.get("flowData"))
    starters = [_part(each, "").get("prompt") for each in _part(body, "starterPrompts").values()]
    has_form = start.get("startInputType") == "formInput"
    return ChatbotConfig(
        starter_prompts=prompts(starters),
        feedback=_part(body, "chatFeedback").get("status") is True,
        follow_ups=_part(body, "followUpPrompts").get("status") is True,
        document_types=_document_types(_part(body, "fullFileUpload")),
        start_input_type=_text(start.get("startInputType")),
        form_title=_text(start.get("formTitle")) if has_form else "",
        form_description=_text(start.get("formDescription")) if has_form else "",
        form_fields=_fields(start.get("formInputTypes")) if has_form else (),
    )


def _part(value: object, key: str) -> Mapping[str, object]:
    """The object under a key, or with an empty key the value itself; empty where it is none."""
    found = value.get(key) if key and isinstance(value, Mapping) else value
    return found if isinstance(found, Mapping) else {}


def _document_types(upload: Mapping[str, object]) -> frozenset[str]:
    """The types in `text/plain,application/pdf`; none where the upload of whole documents is switched off."""
    listed = upload.get("allowedUploadFileTypes") if upload.get("status") is True else None
    return frozenset(filter(None, map(str.strip, listed.split(",")))) if isinstance(listed, str) else frozenset()


def _start_node(flow_data: object) -> Mapping[str, object]:
    """The inputs of an agent flow's first node; empty for other flows. The flow stands there as JSON text."""
    try:
        flow = read_json(flow_data) if isinstance(flow_data, str) else None
    except ValueError:
        return {}
    nodes = _part(flow, "").get("nodes")
    for node in nodes if isinstance(nodes, list) else []:
        data = _part(node, "data")
        if data.get("name") == "startAgentflow":
            return _part(data, "inputs")
    return {}


def _fields(listed: object) -> tuple[FormField, ...]:
    found = (_part(each, "") for each in (listed[:_MOST_FIELDS] if isinstance(listed, list) else []))
    fields = (
        FormField(
            _text(each.get("name")), _text(each.get("label")), _text(each.get("type")), _options(each.get("addOptions"))
        )
        for each in found
    )
    return tuple(field for field in fields if field.name)


def _options(listed: object) -> tuple[str, ...]:
    found = (_text(_part(each, "").get("option")) for each in (listed if isinstance(listed, list) else []))
    return tuple(option for option in found if option)[:_MOST_OPTIONS]


def _text(value: object) -> str:
    return one_line(value, _LONGEST_TEXT) if isinstance(value, str) else ""
