"""What the receiver of `dev --sink` answers: JSON in which the folder's response validators and expectations hold.

A target's answer is not known here, so it is made from what the manifests ask for, as far as plain paths say it.
Must not: know HTTP, or how a validator is judged (`core.validators` does).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

import orjson

from hookwright.api.config import RouteConfig
from hookwright.core.jsonpath import compile_path
from hookwright.core.routes import hosts_of
from hookwright.dispatcher.testruns import TestRequest

TOKEN: Final = b'{"access_token":"sink-access-token","token_type":"Bearer","expires_in":3600}'
"""What a token endpoint answers."""
OK: Final = b'{"ok":true}'
"""What a host answers of which nothing is asked."""


def answers(webhooks: Iterable[RouteConfig], tests: Iterable[TestRequest]) -> dict[str, bytes]:
    """Host → its answer."""
    documents: dict[str, dict[str, Any]] = {}
    for webhook in webhooks:
        for host in hosts_of(webhook)[:1]:
            document = documents.setdefault(host, orjson.loads(OK))
            for validator in (webhook.spec and webhook.spec.response_validators) or ():
                path = compile_path(validator.path)
                if path.singular:
                    _put(document, path.lead, validator.values[0])
    for test in tests:
        response = test.spec.expect and test.spec.expect.response
        for host in hosts_of(test.webhook)[:1] if response and response.body_contains else ():
            documents[host].setdefault("expected", []).append(response and response.body_contains)
    return {host: orjson.dumps(document) for host, document in documents.items()}


def _put(document: dict[str, Any], path: tuple[str | int, ...], value: str) -> None:
    """Put a value at a path; where another stands in its way it is left out."""
    place: Any = document
    for step, following in pairwise(path):
        place = _child(place, step, [] if isinstance(following, int) else {})
    if path:
        _child(place, path[-1], value)


def _child(place: Any, step: str | int, missing: Any) -> Any:
    """What stands at a step, put there if it can be; None: nothing can."""
    if isinstance(place, dict) and isinstance(step, str):
        return place.setdefault(step, missing)
    if isinstance(place, list) and isinstance(step, int):
        if step == len(place):
            place.append(missing)
        return place[step] if 0 <= step < len(place) else None
    return None
