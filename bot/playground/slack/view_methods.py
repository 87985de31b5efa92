"""Implements the views methods, and checks what Slack asks of a view."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.playground.slack.arguments import Args, text
from bot.playground.slack.blocks import Surface, check_blocks
from bot.playground.slack.rules import Refusal
from bot.playground.slack.shapes import Check, ShapeFault, boolean, listed, record, string, variant
from bot.playground.slack.texts import plain
from bot.playground.slack.triggers import Triggers
from bot.playground.slack.views import View
from bot.playground.slack.wire import view_json
from bot.playground.slack.workspace import LocalWorkspace

MOST_BYTES = 250_000
"""Of a view's JSON (Slack docs, views.open: view_too_large)."""


def _anything(value: object, pointer: str) -> None:
    if not isinstance(value, Mapping):
        raise ShapeFault(pointer, "must be an object")


_EITHER: dict[str, Check] = {
    "private_metadata": string(3_000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
_BLOCKS: dict[str, Check] = {"blocks": listed(_anything, 1, 100)}
_MODAL = record(
    {"title": plain(24), **_BLOCKS},
    {"submit": plain(24), "close": plain(24), "clear_on_close": boolean, "notify_on_close": boolean, **_EITHER},
)
_VIEW = variant({"modal": _MODAL, "home": record(_BLOCKS, _EITHER)})


def check(value: object, surface: Surface) -> Mapping[str, object]:
    """A view as an app sent it.

    Raises:
        Refusal: invalid_arguments, view_too_large.
    """
    if not isinstance(value, Mapping) or value.get("type") != surface:
        raise Refusal("invalid_arguments", f"[ERROR] must be a view of the type {surface} [json-pointer:/view]")
    if len(json.dumps(value)) > MOST_BYTES:
        raise Refusal("view_too_large")
    given = {key: item for key, item in value.items() if item is not None}
    try:
        _VIEW(given, "/view")
        blocks = given["blocks"]
        check_blocks(blocks, surface, "/view/blocks")
        if surface == "modal" and "submit" not in given and any(block["type"] == "input" for block in blocks):
            raise ShapeFault("/view", "submit is required when an input block is within blocks")
    except ShapeFault as fault:
        raise Refusal("invalid_arguments", str(fault)) from None
    return given


def open_modal(workspace: LocalWorkspace, triggers: Triggers, args: Args) -> dict[str, object]:
    body = _new(workspace, args, "modal")
    return _shown(workspace, workspace.views.open(triggers.use(text(args, "trigger_id")), body))


def push(workspace: LocalWorkspace, triggers: Triggers, args: Args) -> dict[str, object]:
    body = _new(workspace, args, "modal")
    user = triggers.use(text(args, "trigger_id"))
    if not workspace.views.modals.get(user):
        raise Refusal("invalid_arguments", "[ERROR] there is no open view to push onto")
    return _shown(workspace, workspace.views.push(user, body))


def update(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    view_id, external_id = text(args, "view_id"), text(args, "external_id")
    if not view_id and not external_id:
        raise Refusal("invalid_arguments", "[ERROR] missing required field: view_id")
    old = workspace.views.find(view_id) if view_id else workspace.views.named(external_id)
    if old is None:
        raise Refusal("not_found")
    _same(old, args)
    surface: Surface = "home" if old.body["type"] == "home" else "modal"
    return _shown(workspace, workspace.views.change(old, _new(workspace, args, surface, old)))


def publish(workspace: LocalWorkspace, args: Args) -> dict[str, object]:
    user = text(args, "user_id")
    if user not in workspace.people:
        raise Refusal("invalid_arguments", "[ERROR] invalid `user_id`")
    if "app_home" in workspace.reported:
        raise Refusal("restricted_action")
    old = workspace.views.homes.get(user)
    if old is not None:
        _same(old, args)
    return _shown(workspace, workspace.views.publish(user, _new(workspace, args, "home", old)))


def _new(workspace: LocalWorkspace, args: Args, surface: Surface, old: View | None = None) -> Mapping[str, object]:
    body = check(args.get("view"), surface)
    namesake = workspace.views.named(str(body["external_id"])) if body.get("external_id") else None
    if namesake is not None and (old is None or namesake.id != old.id):
        raise Refusal("duplicate_external_id")
    return body


def _same(old: View, args: Args) -> None:
    """Raises Refusal where the app changes another state of the view than it knows."""
    if args.get("hash") and text(args, "hash") != old.hash:
        raise Refusal("hash_conflict")


def _shown(workspace: LocalWorkspace, view: View) -> dict[str, object]:
    return {"view": view_json(workspace, view)}
