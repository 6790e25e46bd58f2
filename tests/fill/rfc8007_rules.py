"""What RFC 8007 asks of a command, from its sections 4.6, 5.1.1 and 5.2.1; nothing of the exporter is used."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

EXAMPLE = {
    "trigger": {
        "type": "preposition",
        "metadata.urls": ["https://metadata.example.com/a/b/c"],
        "content.urls": [f"https://www.example.com/a/b/c/{number}" for number in (1, 2, 3, 4)],
    },
    "cdn-path": ["AS64496:1"],
}
"""The command of section 6.1.1."""

INVALIDATE = {
    "trigger": {
        "type": "invalidate",
        "metadata.patterns": [{"pattern": "https://metadata.example.com/a/b/*"}],
        "content.urls": ["https://www.example.com/a/index.html"],
        "content.patterns": [
            {"pattern": "https://www.example.com/a/b/*", "case-sensitive": True},
        ],
    },
    "cdn-path": ["AS64496:1"],
}
"""A command of the form of section 6.1.2."""

CANCEL = {"cancel": ["https://dcdn.example.com/triggers/1"], "cdn-path": ["AS64496:1"]}

PATTERNS = ("metadata.patterns", "content.patterns")
SUBJECTS = ("metadata.urls", "content.urls", "content.ccid", *PATTERNS)


def faults(command: Any) -> list[str]:
    """Everything that is not as the RFC wants it."""
    if not isinstance(command, dict):
        return ["a command is an object"]
    found = []
    if ("trigger" in command) == ("cancel" in command):
        found.append("exactly one of trigger and cancel")
    path = command.get("cdn-path")
    if not isinstance(path, list) or not path:
        found.append("cdn-path is a list of at least this CDN's id")
    elif not all(isinstance(pid, str) and re.match(r"AS\d+:.", pid) for pid in path):
        found.append("an id is AS, a number, a colon and a qualifier")
    if "cancel" in command:
        found += _urls(command["cancel"], "cancel")
    if "trigger" in command:
        found += _trigger(command["trigger"])
    return found


def _trigger(trigger: Any) -> list[str]:
    if not isinstance(trigger, dict):
        return ["a trigger is an object"]
    found = []
    if trigger.get("type") not in ("preposition", "invalidate", "purge"):
        found.append("unknown type")
    if not set(SUBJECTS) & set(trigger):
        found.append("no subject")
    if trigger.get("type") == "preposition" and set(PATTERNS) & set(trigger):
        found.append("no patterns in a preposition")
    for name in ("metadata.urls", "content.urls"):
        if name in trigger:
            found += _urls(trigger[name], name)
    return found


def _urls(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not value:
        return [f"{name} is a list of URLs"]
    whole = all(isinstance(url, str) and all(urlsplit(url)[:2]) and url.isascii() for url in value)
    return [] if whole and " " not in "".join(value) else [f"{name}: no URL"]
