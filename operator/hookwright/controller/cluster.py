"""The API server: the one home of the official client. Blocking; callers run it in threads.

Objects go in and out as plain JSON, never as the client's models. Every failure becomes a ClusterError.
Must not: decide what is read or written.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
import urllib3
from kubernetes import client, config

from hookwright.api.v1alpha1.manifest import GROUP, VERSION
from hookwright.controller.inventory import NAMESPACE, OWN_SECRET, POD, Raw, version_of
from hookwright.core.objects import CONFIG_MAP, SECRET, WEBHOOK, WEBHOOK_TEST
from hookwright.errors import ClusterError
from hookwright.limits import CLUSTER_REQUEST_SECONDS, LIST_PAGE, WATCH_SECONDS, WATCH_SILENT_SECONDS

SERVICE: Final = "Service"
FIELD_MANAGER: Final = "hookwright-controller"
PLURALS: Final = {WEBHOOK: "webhooks", WEBHOOK_TEST: "webhooktests"}
_NAMES: Final = {
    SECRET: "secret",
    CONFIG_MAP: "config_map",
    NAMESPACE: "namespace",
    POD: "pod",
    OWN_SECRET: "secret",
    SERVICE: "service",
}
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_WITHOUT_DATA: Final = f"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_METADATA_ONLY}"
_MERGE: Final = "application/merge-patch+json"
_APPLY: Final = "application/apply-patch+yaml"
_CONNECT_SECONDS: Final = 5.0


class ExpiredError(ClusterError):
    """A watch asked for a version that the API server has forgotten: list again."""


class SilentError(ClusterError):
    """A watch told nothing for so long that its connection is taken for dead: list again."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A complete list and its version."""

    items: list[Raw]
    version: int


class ClusterApi(Protocol):
    """What the controller asks of a cluster. Every method may raise ClusterError and blocks."""

    def list(self, kind: str, namespace: str | None, selector: str = "") -> Listed:
        """All objects of a kind, of one namespace or all, with these labels."""

    def watch(
        self, kind: str, namespace: str | None, selector: str, version: int
    ) -> Iterator[tuple[str, Raw]]:
        """(ADDED, MODIFIED, DELETED or BOOKMARK, object) after `version`, until the server ends it."""

    def labels(self, kind: str, namespace: str, name: str) -> Raw | None:
        """The object's metadata without its data; None: there is none."""

    def read(self, kind: str, namespace: str, name: str) -> Raw | None:
        """The object; None: there is none."""

    def create_secret(self, namespace: str, body: Raw) -> Raw | None:
        """Make a Secret; as it then is, None: there is one of that name already."""

    def apply_secret(self, namespace: str, body: Raw) -> Raw:
        """Create or change a Secret by server-side apply; as it then is."""

    def patch_secret(self, namespace: str, name: str, body: Raw) -> Raw:
        """Merge into a Secret; as it then is."""

    def delete_secret(self, namespace: str, name: str) -> None:
        """Take a Secret away; one that is gone is none to take."""

    def annotate_pod(self, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations; a pod that is gone is none to annotate."""

    def patch_status(self, kind: str, namespace: str, name: str, body: Raw) -> Raw | None:
        """Merge into the status of a Webhook or WebhookTest; the new object, None: it is gone."""

    def post_event(self, namespace: str, body: Raw) -> None:
        """Post a core/v1 Event."""


def connect() -> Cluster:
    """The cluster this process runs in, otherwise that of the kubeconfig. ClusterError: neither is there."""
    settings = client.Configuration()
    try:
        try:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            config.load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    except config.ConfigException as error:
        raise ClusterError(f"There is no cluster to talk to: {error}") from error
    settings.retries = False  # the caller tries again, knowing what for
    return Cluster(client.ApiClient(settings))


class Cluster:
    """`ClusterApi` over the official client."""

    def __init__(self, api: client.ApiClient) -> None:
        # plain JSON goes in where the client's types want its models
        self._core: Any = client.CoreV1Api(api)
        self._custom: Any = client.CustomObjectsApi(api)

    def list(self, kind: str, namespace: str | None, selector: str = "") -> Listed:
        ask = self._lister(kind, namespace)
        items: list[Raw] = []
        more: str | None = None
        while True:
            following = {"_continue": more} if more else {}
            page = _json(_asked(ask, label_selector=selector, limit=LIST_PAGE, **_shape(kind), **following))
            for item in page["items"]:
                item.setdefault("kind", kind)
            items += page["items"]
            more = page["metadata"].get("continue")
            if not more:
                return Listed(items, version_of(page))

    def watch(
        self, kind: str, namespace: str | None, selector: str, version: int
    ) -> Iterator[tuple[str, Raw]]:
        response = _asked(
            self._lister(kind, namespace),
            label_selector=selector,
            resource_version=str(version),
            watch=True,
            allow_watch_bookmarks=True,
            timeout_seconds=WATCH_SECONDS,
            _request_timeout=(_CONNECT_SECONDS, WATCH_SILENT_SECONDS),
            **_shape(kind),
        )
        with contextlib.closing(response):
            for line in _lines(response):
                event = orjson.loads(line)
                what, found = event["type"], event["object"]
                if what == "ERROR":
                    code, message = found.get("code"), found.get("message", "no reason given")
                    raise (ExpiredError if code == 410 else ClusterError)(
                        f"Watching {kind}s: {message}", status=code
                    )
                found.setdefault("kind", kind)
                yield what, found

    def labels(self, kind: str, namespace: str, name: str) -> Raw | None:
        return self._read(kind, namespace, name, _headers={"Accept": _METADATA_ONLY})

    def read(self, kind: str, namespace: str, name: str) -> Raw | None:
        return self._read(kind, namespace, name)

    def _read(self, kind: str, namespace: str, name: str, **options: Any) -> Raw | None:
        ask = getattr(self._core, f"read_namespaced_{_NAMES[kind]}")
        with _absent_is_none():
            return _json(_asked(functools.partial(ask, name, namespace), **options))
        return None

    def create_secret(self, namespace: str, body: Raw) -> Raw | None:
        ask = functools.partial(self._core.create_namespaced_secret, namespace, body)
        try:
            return _json(_asked(ask, field_manager=FIELD_MANAGER))
        except ClusterError as error:
            if error.status == 409:
                return None
            raise

    def apply_secret(self, namespace: str, body: Raw) -> Raw:
        ask = functools.partial(self._core.patch_namespaced_secret, body["metadata"]["name"], namespace, body)
        return _json(_asked(ask, field_manager=FIELD_MANAGER, force=True, _content_type=_APPLY))

    def patch_secret(self, namespace: str, name: str, body: Raw) -> Raw:
        ask = functools.partial(self._core.patch_namespaced_secret, name, namespace, body)
        return _json(_asked(ask, field_manager=FIELD_MANAGER, _content_type=_MERGE))

    def delete_secret(self, namespace: str, name: str) -> None:
        with _absent_is_none():
            _json(_asked(functools.partial(self._core.delete_namespaced_secret, name, namespace)))

    def annotate_pod(self, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
        body = {"metadata": {"annotations": dict(annotations)}}
        ask = functools.partial(self._core.patch_namespaced_pod, name, namespace, body)
        with _absent_is_none():
            _json(_asked(ask, field_manager=FIELD_MANAGER, _content_type=_MERGE))

    def patch_status(self, kind: str, namespace: str, name: str, body: Raw) -> Raw | None:
        patch = self._custom.patch_namespaced_custom_object_status
        ask = functools.partial(patch, GROUP, VERSION, namespace, PLURALS[kind], name, body)
        with _absent_is_none():
            return _json(_asked(ask, field_manager=FIELD_MANAGER, _content_type=_MERGE))
        return None

    def post_event(self, namespace: str, body: Raw) -> None:
        _json(_asked(functools.partial(self._core.create_namespaced_event, namespace, body)))

    def _lister(self, kind: str, namespace: str | None) -> Callable[..., Any]:
        if kind in PLURALS:
            if namespace is None:
                return functools.partial(
                    self._custom.list_cluster_custom_object, GROUP, VERSION, PLURALS[kind]
                )
            namespaced = self._custom.list_namespaced_custom_object
            return functools.partial(namespaced, GROUP, VERSION, namespace, PLURALS[kind])
        name = _NAMES[kind]
        if kind == NAMESPACE or namespace is None:
            every = "list_namespace" if kind == NAMESPACE else f"list_{name}_for_all_namespaces"
            ask: Callable[..., Any] = getattr(self._core, every)
            return ask
        return functools.partial(getattr(self._core, f"list_namespaced_{name}"), namespace)


def _shape(kind: str) -> dict[str, Any]:
    """How lists and watches of a kind are asked for: of all Secrets of a namespace only that they are there."""
    return {"_headers": {"Accept": _WITHOUT_DATA}} if kind == OWN_SECRET else {}


def _asked(ask: Callable[..., Any], **options: Any) -> urllib3.BaseHTTPResponse:
    """The raw answer of one call. ClusterError."""
    options.setdefault("_request_timeout", (_CONNECT_SECONDS, CLUSTER_REQUEST_SECONDS))
    try:
        response: urllib3.BaseHTTPResponse = ask(_preload_content=False, **options)
    except client.ApiException as error:
        raise ClusterError(_said(error), status=error.status) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ClusterError(f"The API server does not answer: {error}") from error
    return response


def _said(error: client.ApiException) -> str:
    """The API server's own sentence."""
    with contextlib.suppress(orjson.JSONDecodeError, TypeError, AttributeError):
        return f"The API server answered {error.status}: {orjson.loads(error.body or '')['message']}"
    return f"The API server answered {error.status} {error.reason}."


def _json(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        document: dict[str, Any] = orjson.loads(response.data)
        return document
    except (urllib3.exceptions.HTTPError, OSError, orjson.JSONDecodeError) as error:
        raise ClusterError(f"The API server's answer ended early: {error}") from error


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Lines as they come, until the server closes or is silent for too long."""
    rest = b""
    try:
        for piece in response.stream(amt=None, decode_content=False):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line for line in lines if line)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise SilentError(f"A watch told nothing for {WATCH_SILENT_SECONDS:.0f} s.") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ClusterError(f"A watch ended: {error}") from error


@contextlib.contextmanager
def _absent_is_none() -> Iterator[None]:
    """An object that is not there is no failure."""
    try:
        yield
    except ClusterError as error:
        if error.status != 404:
            raise
