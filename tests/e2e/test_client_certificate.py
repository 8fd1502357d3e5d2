"""A webhook that identifies itself: its certificate is loaded in a pod that has no folder to write to."""

from __future__ import annotations

import trustme

from e2e.conftest import Receiver, Source
from e2e.kube import Kube, ours
from hookwright.core.samples import sample


def test_webhook_with_a_client_certificate_delivers(
    kube: Kube, place: str, source: Source, receiver: Receiver
) -> None:
    """From a Secret as cert-manager writes it; that the target sees the certificate is shown in tests/outbound."""
    leaf = trustme.CA().issue_cert("client.test")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": "client",
            "namespace": place,
            "labels": {"hookwright.io/webhook-secret": "true"},
        },
        "stringData": {
            "tls.crt": leaf.cert_chain_pems[0].bytes().decode(),
            "tls.key": leaf.private_key_pem.bytes().decode(),
        },
    }
    spec = {
        "url": "https://hooks.slack.com/client-certificate",
        "triggers": ["RequestGranted"],
        "tls": {"clientCertSecretRef": {"name": "client"}},
    }
    kube.apply(secret, ours("Webhook", "client", place, spec))
    kube.wait("Ready", "webhook/client", namespace=place)
    delivery = source.post(sample("RequestGranted"))[f"{place}/client"]
    assert receiver.arrived(delivery)["path"] == "/client-certificate"
