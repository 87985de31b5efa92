"""Does what kustomize does, as far as our kustomizations use it, and knows where the real one is."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Manifest = dict[str, Any]
Built = dict[tuple[str, str], Manifest]


def documents(source: Path | str) -> list[Manifest]:
    return [document for document in YAML(typ="safe").load_all(source) if document]


def one(path: Path) -> Manifest:
    [document] = documents(path)
    return document


def merged(old: Any, new: Any) -> Any:
    """A strategic merge: objects by key, lists of named things by name, everything else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old[key], value) if key in old else value for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list) and all("name" in item for item in old + new):
        kept = {item["name"]: item for item in old}
        for item in new:
            kept[item["name"]] = merged(kept.get(item["name"], {}), item)
        return [item for item in kept.values() if item.get("$patch") != "delete"]
    return new


def identity(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def env_file(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def build(folder: Path) -> Built:
    """The manifests of a kustomization by kind and name; its config maps keep their plain names."""
    kustomization = one(folder / "kustomization.yaml")
    known = {"apiVersion", "kind", "resources", "components", "configMapGenerator", "images", "patches", "namespace"}
    assert kustomization.keys() <= known
    built: Built = {}
    for resource in [*kustomization["resources"], *kustomization.get("components", [])]:
        path = folder / resource
        built |= build(path) if path.is_dir() else {identity(found): found for found in documents(path)}
    for generator in kustomization.get("configMapGenerator", []):
        data = {name: value for file in generator["envs"] for name, value in env_file(folder / file).items()}
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
        if generator.get("behavior") == "merge":
            made["data"] = built[identity(made)]["data"] | data
        built[identity(made)] = made
    for patch in kustomization.get("patches", []):
        change = one(folder / patch["path"])
        built[identity(change)] = merged(built[identity(change)], change)
    for image in kustomization.get("images", []):
        for container in containers(built):
            if container["image"] == image["name"]:
                container["image"] = f"{image['name']}:{image['newTag']}"
    for manifest in built.values():
        if "namespace" in kustomization:
            manifest["metadata"]["namespace"] = kustomization["namespace"]
    return built


def files_of(folder: Path) -> set[Path]:
    """What a kustomization is made of, but for the folders it stands on."""
    kustomization = one(folder / "kustomization.yaml")
    names = ["kustomization.yaml", *kustomization["resources"]]
    names += [patch["path"] for patch in kustomization.get("patches", [])]
    names += [file for generator in kustomization.get("configMapGenerator", []) for file in generator["envs"]]
    return {folder / name for name in names if not (folder / name).is_dir()}


def pod(built: Built) -> Manifest:
    spec: Manifest = built["Deployment", "flowise-slack"]["spec"]["template"]["spec"]
    return spec


def containers(built: Built) -> Iterator[Manifest]:
    yield from pod(built)["containers"]


def real() -> list[str]:
    """The command that builds a kustomization; empty where none is installed."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else []


def plain(value: Any) -> Any:
    """Lists in one order, and without the hash that kustomize adds to the names of config maps."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(plain, value), key=lambda item: json.dumps(item, sort_keys=True))
    return re.sub(r"^(flowise-slack)-[a-z0-9]{10}$", r"\1", value) if isinstance(value, str) else value
