"""Reusable field types of the resources: durations and references."""

from __future__ import annotations

import re

from pydantic import Field

from hookwright.api.base import Model

DURATION = re.compile(r"^([0-9]{1,5}(\.[0-9]{1,3})?(ms|s|m|h)){1,4}$")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str) -> float:
    """`"1h30m"` → 5400.0. The text must match `DURATION` (SPEC 2); ValueError otherwise."""
    if not DURATION.match(duration):
        raise ValueError(f"{duration!r} is not a duration such as 15s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(duration))


class KeyRef(Model):
    """One key of a Secret or ConfigMap in the same namespace."""

    name: str = Field(min_length=1, max_length=253)
    """Name of the object."""
    key: str = Field(min_length=1, max_length=253)
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
