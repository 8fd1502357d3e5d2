"""The official client as we use it, against a server on this machine that speaks Kubernetes' HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from controller.json_server import JsonServer
from hookwright.controller.cluster import Cluster, ExpiredError
from hookwright.errors import ClusterError


class Server(JsonServer):
    """With the official client over it."""

    def __init__(self) -> None:
        super().__init__()
        settings = client.Configuration()
        settings.host = f"http://127.0.0.1:{self.port}"
        settings.retries = False  # type: ignore[assignment]
        self.cluster = Cluster(client.ApiClient(settings))


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that knows no answer yet."""
    running = Server()
    yield running
    running.close()


def secret(name: str, version: int) -> dict[str, Any]:
    """A Secret without kind, as items of a list come."""
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": str(version)}}


def test_a_list_is_read_page_by_page(server: Server) -> None:
    """All items with their kind, the label selector in each request."""
    server.answers["/api/v1/secrets"] = [
        (200, {"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [secret("a", 1)]}),
        (200, {"metadata": {"resourceVersion": "7"}, "items": [secret("b", 2)]}),
    ]
    listed = server.cluster.list("Secret", None, "hookwright.io/webhook-secret=true")
    assert [item["metadata"]["name"] for item in listed.items] == ["a", "b"]
    assert (listed.version, {item["kind"] for item in listed.items}) == (7, {"Secret"})
    assert [query["labelSelector"] for _, _, query, _, _ in server.asked] == [
        ["hookwright.io/webhook-secret=true"]
    ] * 2
    assert server.asked[1][2]["continue"] == ["more"]


def test_a_watch_gives_events_and_ends_with_an_expired_version(server: Server) -> None:
    """From a version on; 410 asks for a new list."""
    path = "/apis/hookwright.io/v1alpha1/namespaces/shop/webhooks"
    server.answers[path] = [
        (
            200,
            [
                {"type": "ADDED", "object": secret("w", 8)},
                {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}},
                {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}},
            ],
        )
    ]
    events = server.cluster.watch("Webhook", "shop", "", 7)
    assert [next(events)[0], next(events)[0]] == ["ADDED", "BOOKMARK"]
    with pytest.raises(ExpiredError, match="too old resource version"):
        next(events)
    query = server.asked[0][2]
    assert (query["watch"], query["resourceVersion"], query["allowWatchBookmarks"]) == (
        ["true"],
        ["7"],
        ["true"],
    )


def test_an_unlabelled_secret_is_asked_for_without_its_data(server: Server) -> None:
    """Metadata only; one that is not there is None."""
    path = "/api/v1/namespaces/shop/secrets/s"
    server.answers[path] = [(200, secret("s", 1)), (404, {"message": "not found"})]
    assert server.cluster.labels("Secret", "shop", "s") == secret("s", 1)
    assert server.asked[0][3]["accept"] == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert server.cluster.labels("Secret", "shop", "s") is None


def test_own_secrets_are_watched_without_their_data(server: Server) -> None:
    """Of the others in that namespace too: that they are there is all that is sent."""
    path = "/api/v1/namespaces/hooks/secrets"
    server.answers[path] = [
        (200, {"metadata": {"resourceVersion": "7"}, "items": [secret("a", 1)]}),
        (200, [{"type": "DELETED", "object": secret("a", 8)}]),
    ]
    server.cluster.list("OwnSecret", "hooks")
    (what, _) = next(server.cluster.watch("OwnSecret", "hooks", "", 7))
    assert what == "DELETED"
    form = "application/json;as=PartialObjectMetadata"
    for asked in server.asked:
        assert all(each.startswith(form) for each in asked[3]["accept"].split(","))


def test_writes_say_how_they_are_meant(server: Server) -> None:
    """Server-side apply with our field manager; a merge patch on the status subresource."""
    server.answers["/api/v1/namespaces/hooks/secrets/c"] = [(200, secret("c", 1))]
    path = "/apis/hookwright.io/v1alpha1/namespaces/shop/webhooks/w/status"
    server.answers[path] = [(200, secret("w", 2)), (404, {"message": "gone"}), (409, {"message": "conflict"})]
    assert server.cluster.apply_secret("hooks", {"metadata": {"name": "c"}}) == secret("c", 1)
    assert server.cluster.patch_status("Webhook", "shop", "w", {"status": {"host": None}}) == secret("w", 2)
    assert server.cluster.patch_status("Webhook", "shop", "w", {"status": {}}) is None
    with pytest.raises(ClusterError) as refused:
        server.cluster.patch_status("Webhook", "shop", "w", {"status": {}})
    assert refused.value.status == 409
    apply, patch = server.asked[0], server.asked[1]
    assert (apply[0], apply[3]["content-type"]) == ("PATCH", "application/apply-patch+yaml")
    assert apply[2] == {"fieldManager": ["hookwright-controller"], "force": ["true"]}
    assert (patch[0], patch[3]["content-type"], patch[4]) == (
        "PATCH", "application/merge-patch+json", {"status": {"host": None}},
    )  # fmt: skip


def test_what_exists_is_not_created_again(server: Server) -> None:
    """A race with another process ends well; other refusals are said in the server's words."""
    server.answers["/api/v1/namespaces/hooks/secrets"] = [
        (201, secret("k", 1)), (409, {"message": "exists"}), (403, {"message": "secrets is forbidden"}),
    ]  # fmt: skip
    body = {"metadata": {"name": "k"}}
    assert [server.cluster.create_secret("hooks", body) for _ in range(2)] == [secret("k", 1), None]
    with pytest.raises(ClusterError, match=r"The API server answered 403: secrets is forbidden"):
        server.cluster.create_secret("hooks", body)


def test_a_server_that_is_away_is_a_cluster_error(server: Server) -> None:
    """Whatever the client below raises."""
    server.close()
    with pytest.raises(ClusterError, match="The API server does not answer"):
        server.cluster.list("Pod", "hooks")


def test_an_answer_that_is_no_json_is_a_cluster_error(server: Server) -> None:
    """A proxy in between may answer anything."""
    server.answers["/api/v1/pods"] = [(200, [])]
    with pytest.raises(ClusterError, match="ended early"):
        server.cluster.list("Pod", None)
