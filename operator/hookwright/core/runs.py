"""Which run of a WebhookTest is due: its id, the same wherever and whenever it is computed (SPEC 6).

A run with an id that was done is never sent again, so a restart of whoever starts runs changes nothing.
Must not: run tests, know clocks.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from hookwright.core.assemble import requested_at
from hookwright.core.objects import Object


def run_id(test: Object, webhook_hash: str, event_from: str | None) -> str:
    """The id of the run of a test against a webhook's configuration hash.

    Over the object's UID and generation (of a manifest, which has neither: its name and spec), the hash, the
    text that spec.eventFrom names, and the annotation requestedAt. 32 hexadecimal digits.
    """
    metadata: Any = test.body.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    who = [uid, metadata.get("generation")] if uid else [test.key, test.spec]
    identity = [*who, event_from, webhook_hash, requested_at(test)]
    return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
