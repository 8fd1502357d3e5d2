"""What the answer of an API server to a row must say.

A row is posted with `?dryRun=All&fieldValidation=Strict`, as `kubectl apply --dry-run=server` does; the
answer to a bad one is a `Status` object with one cause for each mistake.
"""

from __future__ import annotations

from typing import Any

from api.cases.case import OURS, UNKNOWN, Bad, Good

NOT_CHECKED = "some validation rules were not checked because the object was invalid"
PATHS = {"Webhook": "webhooks", "WebhookTest": "webhooktests"}


def path(row: Good | Bad) -> str:
    """Path and query that the row's manifest is posted to."""
    plural = PATHS[row.manifest["kind"]]
    return f"/apis/hookwright.io/v1alpha1/namespaces/default/{plural}?dryRun=All&fieldValidation=Strict"


def difference(row: Good | Bad, status: int, answer: dict[str, Any]) -> str | None:
    """How an answer differs from what the row wants, None if it does not."""
    if isinstance(row, Good):
        return None if status == 201 else f"refused: {answer.get('message')}"
    if status == 201:
        return "accepted"
    if row.server == UNKNOWN:
        wanted = f'unknown field "{row.field}"'
        return None if wanted in answer["message"] else f"wanted {wanted}, got {answer['message']}"
    words = row.sentence if row.server == OURS else row.server
    causes = [cause for cause in answer["details"]["causes"] if NOT_CHECKED not in cause["message"]]
    fits = len(causes) == 1 and causes[0]["field"] == row.field and words in causes[0]["message"]
    return None if fits else f"wanted one cause at {row.field} with {words!r}, got {causes}"
