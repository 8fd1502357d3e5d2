"""Reusable field types of the resources: durations and references."""

from __future__ import annotations

import re

from pydantic import Field

from hookwright.api.base import Model

DURATION = re.compile(r"^([0-9]{1,5}(\.[0-9]{1,3})?(ms|s|m|h)){1,4}$")
_PART = re.compile(r"([0-9]+)(?:\.([0-9]+))?(ms|s|m|h)")
_MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


def microseconds(duration: str) -> int:
    """`"1h30m"` → 5_400_000_000, exactly. The text must match `DURATION` (SPEC 2); ValueError otherwise."""
    if not DURATION.fullmatch(duration):
        raise ValueError(f"{duration!r} is not a duration such as 15s, 5m or 1h30m")
    return sum(
        (int(whole) * 1_000 + int(part.ljust(3, "0"))) * _MICROSECONDS[unit] // 1_000
        for whole, part, unit in _PART.findall(duration)
    )


def seconds(duration: str) -> float:
    """`"1h30m"` → 5400.0. The text must match `DURATION` (SPEC 2); ValueError otherwise."""
    return microseconds(duration) / 1_000_000


def span(text: str) -> float:
    """Seconds of what an administrator writes: a duration of SPEC 2, with days before it (`7d`, `1d12h`).

    ValueError with one sentence.
    """
    days, day, rest = text.rpartition("d")
    if day and not (days.isdecimal() and len(days) <= 5):
        raise ValueError(f"{text!r} is not a duration such as 20s, 12h or 7d")
    return (int(days) * 86_400.0 if day else 0.0) + (seconds(rest) if rest or not day else 0.0)


class KeyRef(Model):
    """One key of a Secret or ConfigMap in the same namespace."""

    name: str = Field(min_length=1, max_length=253)
    """Name of the object."""
    key: str = Field(min_length=1, max_length=253)
    """Key in its data."""

    @property
    def label(self) -> str:
        """`name/key`, how its value is called everywhere."""
        return f"{self.name}/{self.key}"


class CaKeyRef(KeyRef):
    """One key of a Secret or ConfigMap that holds a certificate authority."""

    key: str = Field(default="ca.crt", min_length=1, max_length=253)
    """Key in its data."""


class SecretKeyRef(Model):
    """A value that comes from a Secret."""

    secret_key_ref: KeyRef
    """The Secret's key; the Secret must carry the label hookwright.io/webhook-secret: "true"."""


class ConfigMapKeyRef(Model):
    """A value that comes from a ConfigMap."""

    config_map_key_ref: KeyRef
    """The ConfigMap's key; the ConfigMap must carry the label hookwright.io/webhook-config: "true"."""


class NameRef(Model):
    """An object in the same namespace."""

    name: str = Field(min_length=1, max_length=253)
    """Name of the object."""
