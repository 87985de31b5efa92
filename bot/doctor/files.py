"""Checks which files the flow takes of those that people attach."""

from __future__ import annotations

from bot.doctor.findings import About, Finding
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.file_names import kinds
from bot.flowise.refusals import HttpReply
from bot.flowise.uploads import Accepted, accepted

_STORE_SETTING = "BOT_FILES_TO_STORE"
_SWITCH_ON = (
    "In Flowise, turn on File Upload in the node of the vector store, and connect a document loader to it; or remove "
    f"{_STORE_SETTING}."
)


def files(about: About, uploads: object, config: ChatbotConfig | None, *, to_store: bool, has_key: bool) -> Finding:
    """The finding about what goes to the flow of the files that come with questions.

    `uploads` is the response to `chatflows-uploads`. `to_store`: BOT_FILES_TO_STORE is set; `has_key`: so is
    FLOWISE_API_KEY, which Flowise wants for it.
    """
    told = uploads.json() if isinstance(uploads, HttpReply) and uploads.status == 200 and uploads.whole else None
    if config is None or not isinstance(told, dict):
        return about.unknown("files", "the server does not tell which files the flow takes")
    flow = accepted(told, config.document_types, may_store=True)
    found = _taken(flow, to_store=to_store and has_key)
    if to_store and not has_key:
        return about.warning("files", found, f"{_STORE_SETTING} has no effect without a FLOWISE_API_KEY: set one.")
    if to_store and not flow.stored:
        return about.warning("files", f"{found}; its vector store takes none", _SWITCH_ON)
    return about.well("files", found)


def _taken(flow: Accepted, *, to_store: bool) -> str:
    ways = {
        "pictures": kinds(flow.images),
        "documents": kinds(flow.documents),
        "documents for its vector store": kinds((), flow.stored) if to_store else (),
    }
    taken = [f"{way} ({', '.join(names)})" for way, names in ways.items() if names]
    taken += ["voice clips"] if flow.hears else []
    if flow.stored and not to_store:
        taken.append(f"documents for its vector store only with {_STORE_SETTING}")
    return f"the flow takes {'; '.join(taken)}" if taken else "the flow takes no pictures, documents or voice clips"
