"""What of a request is a credential by its look, and what stands in its place.

Names decide where there is one (`X-Api-Key`, `?token=`), the look of a value where there is none (a long random path
segment). In doubt a value is hidden: a Secret too many costs nothing. Must not: look anything up.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

PLACEHOLDER: Final = "REPLACE-ME"

_NAME: Final = re.compile(
    r"(api|app|application|access|private|shared|license|subscription|routing|integration|service|account)[-_.]?key"
    r"|^key$|token|secret|passw|^pwd$|^pass$|auth|credential|signature|^sig$|session|cookie|jwt|webhook[-_]?id",
    re.IGNORECASE,
)
_HARMLESS: Final = frozenset(
    {"accept", "author", "authority", "from", "origin", "referer", "user-agent", "www-authenticate"}
)
_MEMBER: Final = re.compile(r'"([^"\\]{1,128})"\s*:\s*"([^"\\]{1,4096})"')
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RANDOM_CHARACTERS: Final = 20
"""Shorter segments are words and numbers of tickets; tokens in URLs are 22 characters and longer."""
_WORD_CHARACTERS: Final = 22
"""No word of a path is longer."""


def secret_header(name: str, value: str) -> bool:
    """Whether a header is a credential, by its name or by the look of its value."""
    return secret_name(name) or (name.lower() not in _HARMLESS and secret_value(value))


def secret_name(name: str) -> bool:
    """Whether a header or a parameter of this name holds a credential."""
    return name.lower() not in _HARMLESS and _NAME.search(name) is not None


def secret_value(text: str) -> bool:
    """Whether a value without a telling name looks made by a machine to be kept: a UUID, or long and mixed."""
    if "{{" in text:
        return False
    if _UUID.search(text):
        return True
    if len(text) < _RANDOM_CHARACTERS:
        return False
    if len(text) > _WORD_CHARACTERS and text.isalpha():
        return True
    kinds = sum(re.search(kind, text) is not None for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds >= 2 and not _readable(text)


def _readable(text: str) -> bool:
    """Words with marks between them, such as `grafana-incident-app-v2`: few changes between letters and digits."""
    parts = [part for part in re.split(r"[-_.~]", text) if part]
    return len(parts) > 1 and all(
        re.fullmatch(r"[a-z]+[0-9]{0,4}|[A-Z]?[a-z]+|[0-9]{1,4}", part) for part in parts
    )


def secret_members(body: str) -> list[str]:
    """The names of JSON members whose name and value both look like a credential's."""
    found = (each.groups() for each in _MEMBER.finditer(body))
    return [name for name, value in found if secret_name(name) and secret_value(value)]


def hidden_url(url: str) -> str | None:
    """The URL with a placeholder for each credential in it; None: there is none."""
    parts = urlsplit(url)
    path = "/".join(_shown(segment) for segment in parts.path.split("/"))
    query = "&".join(_shown_pair(pair) for pair in parts.query.split("&"))
    if (path, query) == (parts.path, parts.query):
        return None
    return f"{parts.scheme}://{parts.netloc}{path}" + (f"?{query}" if query else "")


def _shown(segment: str) -> str:
    return PLACEHOLDER if secret_value(segment) else segment


def _shown_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    secret = bool(value) and "{{" not in value and (secret_name(name) or secret_value(value))
    return f"{name}{equals}{PLACEHOLDER if secret else value}"
