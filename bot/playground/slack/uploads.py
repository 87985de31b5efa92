"""Implements file uploads: an address to send a file to, the bytes, and the message that shares it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from bot.playground.slack.arguments import Args, text
from bot.playground.slack.message import File, type_of
from bot.playground.slack.rules import Refusal
from bot.playground.slack.wire import file_json
from bot.playground.slack.workspace import LocalWorkspace


class Uploads:
    """The uploads of a workspace that have not been completed."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._workspace = workspace
        self._announced: dict[str, tuple[str, int]] = {}
        self._arrived: dict[str, File] = {}

    def announce(self, args: Args) -> dict[str, object]:
        """files.getUploadURLExternal."""
        try:
            length = int(text(args, "length"))
        except ValueError:
            raise Refusal("invalid_arguments", "[ERROR] must be an integer [json-pointer:/length]") from None
        file_id = self._workspace.new_id("F")
        self._announced[file_id] = (text(args, "filename"), length)
        return {"upload_url": f"{self._workspace.origin}/upload/{file_id}", "file_id": file_id}

    def receive(self, file_id: str, content: bytes) -> bool:
        """Take the bytes; False where nobody announced them, or in another length."""
        name, length = self._announced.get(file_id, ("", -1))
        if len(content) != length:
            return False
        self._arrived[file_id] = File(file_id, name, content, type_of(name))
        return True

    def complete(self, args: Args) -> dict[str, object]:
        """files.completeUploadExternal: one message with all of the files, in the thread it says."""
        channel = self._workspace.joined(args.get("channel_id"))
        if "file_up" in self._workspace.reported:
            raise Refusal("restricted_action")
        files = [self._file(entry) for entry in _entries(args.get("files"))]
        thread_ts = self._workspace.thread_root(channel, args.get("thread_ts"))
        message = self._workspace.by_bot(channel.id, text(args, "initial_comment"), thread_ts)
        for file in files:
            del self._announced[file.id], self._arrived[file.id]
            self._workspace.files[file.id] = file
        self._workspace.post(replace(message, files=tuple(files)))
        return {"files": [file_json(self._workspace, file) for file in files]}

    def delete(self, args: Args) -> dict[str, object]:
        """files.delete: the file goes from every message that has it."""
        file_id = text(args, "file")
        if self._workspace.files.pop(file_id, None) is None:
            raise Refusal("file_not_found")
        for channel in self._workspace.channels.values():
            for message in [one for one in channel.messages.values() if any(f.id == file_id for f in one.files)]:
                left = tuple(file for file in message.files if file.id != file_id)
                self._workspace.change(message, replace(message, files=left))
        return {}

    def _file(self, entry: object) -> File:
        file = self._arrived.get(str(entry.get("id"))) if isinstance(entry, Mapping) else None
        if file is None:
            raise Refusal("file_not_found")
        return file


def _entries(value: object) -> list[object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list) or not value:
        raise Refusal("invalid_arguments", "[ERROR] must be an array [json-pointer:/files]")
    return value
