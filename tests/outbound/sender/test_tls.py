"""Trust and identity of a webhook: what is accepted, what is shared, what is wrong with a PEM text."""

import asyncio
import gc
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hookwright.errors import Cause, ConfigurationError, SendError, Sent
from hookwright.outbound.port import TlsSettings
from hookwright.outbound.tls import Tls, TlsContexts
from outbound.sender.conftest import Client
from outbound.sender.target import HOST, OTHER_HOST, Certificates, Target, keep_alive, serve

Make = Callable[..., Client]


def identity(ca: trustme.CA) -> tuple[str, str]:
    """A client certificate and its key, as a Secret holds them."""
    leaf = ca.issue_cert("client.example")
    return leaf.cert_chain_pems[0].bytes().decode(), leaf.private_key_pem.bytes().decode()


async def test_a_client_certificate_is_shown(certificates: Certificates, client_for: Make) -> None:
    """A server that asks for one gets the webhook's."""
    cert, key = identity(certificates.ca)
    async with serve(keep_alive, certificates.wants_client_certificate()) as target:
        client = client_for(target, TlsSettings(ca=certificates.pem, cert=cert, key=key))
        assert (await client.post()).status == 200


DELIVER_WITHOUT_FOLDERS = """
import asyncio, json, sys, tempfile
from hookwright.core.egress import EgressPolicy
from hookwright.outbound.port import TlsSettings
from hookwright.outbound.sender import HttpSender

told = json.load(sys.stdin)
tempfile.tempdir = told["folder"]

async def deliver():
    sender = HttpSender(EgressPolicy(), user_agent="x", connect_to={told["host"]: ("127.0.0.1", told["port"])})
    pool = sender.pool(TlsSettings(**told["tls"]), "default/one")
    answer = await sender.send(pool, "POST", f"https://{told['host']}/", (), b"{}", timeout=20)
    print(answer.status)
    await sender.close()

asyncio.run(deliver())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="without memory files the certificate needs a folder")
async def test_a_client_certificate_needs_no_folder_to_write_to(
    certificates: Certificates, tmp_path: Path
) -> None:
    """A pod with a read-only root has none: what would be the temporary folder cannot be written to."""
    cert, key = identity(certificates.ca)
    tls = {"ca": certificates.pem, "cert": cert, "key": key}
    async with serve(keep_alive, certificates.wants_client_certificate()) as target:
        told = {"folder": str(tmp_path / "away"), "host": HOST, "port": target.port, "tls": tls}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DELIVER_WITHOUT_FOLDERS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(json.dumps(told).encode())
    assert (output, errors.decode()) == (b"200\n", "")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def blocking_server(context: ssl.SSLContext) -> Iterator[Target]:
    """One handshake in a thread: unlike asyncio's, a blocking server sends its alerts."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        raw, _ = listener.accept()
        with context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False) as secured:
            with suppress(OSError):
                secured.do_handshake()
            with suppress(OSError):
                while socket.socket.recv(secured, 65_536):  # unread data would turn the close into a reset,
                    pass  # which can overtake the alert

    thread = threading.Thread(target=run)
    thread.start()
    yield Target(port=listener.getsockname()[1])
    thread.join()
    listener.close()


VERSIONS = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@VERSIONS
async def test_a_missing_client_certificate_is_told(
    certificates: Certificates, client_for: Make, newest: ssl.TLSVersion
) -> None:
    """With TLS 1.3 the server says so only after the handshake, when the request is on its way."""
    context = certificates.wants_client_certificate()
    context.maximum_version = newest
    with blocking_server(context) as target, pytest.raises(SendError) as caught:
        await client_for(target).post()
    assert caught.value.cause == Cause.TLS
    assert caught.value.sent == (Sent.NOT_SENT if newest == ssl.TLSVersion.TLSv1_2 else Sent.MAYBE_SENT)
    assert "client certificate" in str(caught.value)


@VERSIONS
async def test_a_client_certificate_of_another_ca_is_refused(
    certificates: Certificates, client_for: Make, newest: ssl.TLSVersion
) -> None:
    """The server's alert is put into words."""
    cert, key = identity(trustme.CA())
    context = certificates.wants_client_certificate()
    context.maximum_version = newest
    with blocking_server(context) as target, pytest.raises(SendError) as caught:
        await client_for(target, TlsSettings(ca=certificates.pem, cert=cert, key=key)).post()
    assert caught.value.cause == Cause.TLS
    assert "refused the client certificate" in str(caught.value)


async def test_a_ca_file_is_trusted_beside_the_roots(
    certificates: Certificates, client_for: Make, tmp_path: Path
) -> None:
    """Also by a webhook with a client certificate, not by one with a private CA of its own."""
    path = tmp_path / "ca.pem"
    path.write_text(certificates.pem)
    cert, key = identity(certificates.ca)
    async with serve(keep_alive, certificates.wants_client_certificate()) as target:
        client = client_for(target, TlsSettings(cert=cert, key=key), ca_files=[path])
        assert (await client.post()).status == 200
    foreign = trustme.CA().cert_pem.bytes().decode()
    async with serve(keep_alive, certificates.good) as target:
        assert (await client_for(target, TlsSettings(ca=None), ca_files=[path]).post()).status == 200
        with pytest.raises(SendError) as caught:
            await client_for(target, TlsSettings(ca=foreign), ca_files=[path]).post()
    assert caught.value.cause == Cause.TLS_UNTRUSTED


async def test_a_ca_file_that_is_rotated_is_followed(
    certificates: Certificates, client_for: Make, tmp_path: Path
) -> None:
    """Old and new beside each other, then the new one alone: what was connected under the old one is used no more."""
    path, other = tmp_path / "ca.pem", trustme.CA()
    new = other.cert_pem.bytes().decode()
    path.write_text(certificates.pem)
    cert, key = identity(certificates.ca)
    async with (
        serve(keep_alive, certificates.wants_client_certificate()) as before,
        serve(keep_alive, certificates.server(other.issue_cert(OTHER_HOST))) as after,
    ):
        targets = {HOST: ("127.0.0.1", before.port), OTHER_HOST: ("127.0.0.1", after.port)}
        client = client_for(None, TlsSettings(cert=cert, key=key), ca_files=[path], connect_to=targets)
        assert (await client.post()).status == 200
        with pytest.raises(SendError, match="not signed by a trusted CA"):
            await client.post(f"https://{OTHER_HOST}/")
        assert not await client.sender.read_authorities()

        path.write_text(f"# Zertifikate für alle\n{certificates.pem}\n{new}")
        assert await client.sender.read_authorities()
        assert (await client.post(f"https://{OTHER_HOST}/")).status == 200
        assert (await client.post()).status == 200
        assert (await client.post()).status == 200
        assert before.connections == 2  # a kept one of the former trust is not taken, one of this trust is

        path.write_text(new)
        assert await client.sender.read_authorities()
        with pytest.raises(SendError, match="not signed by a trusted CA"):
            await client.post()
        assert (await client.post(f"https://{OTHER_HOST}/")).status == 200


@pytest.mark.parametrize("content", [None, "no certificate", ""])
async def test_a_ca_file_that_breaks_leaves_what_was_trusted(
    certificates: Certificates, client_for: Make, tmp_path: Path, content: str | None
) -> None:
    """Also where nothing was connected yet. The sentence names the file, and the next one that is whole is taken."""
    path = tmp_path / "ca.pem"
    path.write_text(certificates.pem)
    async with serve(keep_alive, certificates.good) as target:
        client = client_for(target, TlsSettings(), ca_files=[path])
        path.unlink() if content is None else path.write_text(content)
        with pytest.raises(ConfigurationError, match=f"{path} cannot be used"):
            await client.sender.read_authorities()
        assert (await client.post()).status == 200
        path.write_text(f"{certificates.pem}\n")
        assert await client.sender.read_authorities()
        assert (await client.post()).status == 200


async def test_pools_are_made_in_any_thread(
    certificates: Certificates, client_for: Make, tmp_path: Path
) -> None:
    """Threads make pools while the loop delivers over others; each shows its own certificate."""
    path = tmp_path / "ca.pem"
    path.write_text(certificates.pem)
    identities = [identity(certificates.ca) for _ in range(4)]
    async with serve(keep_alive, certificates.wants_client_certificate()) as target:
        client = client_for(target, ca_files=[path])

        async def deliver(cert: str, key: str) -> int:
            pool = await asyncio.to_thread(client.sender.pool, TlsSettings(cert=cert, key=key), "default/two")
            return (await Client(client.sender, pool).post(timeout=20)).status

        delivered = await asyncio.gather(*(deliver(*one) for one in identities * 3))
    assert delivered == [200] * 12


async def test_an_intermediate_is_trust_enough(certificates: Certificates, client_for: Make) -> None:
    """As with curl: the root of a private CA need not be there."""
    middle = certificates.ca.create_child_ca()
    async with serve(keep_alive, certificates.server(middle.issue_cert(HOST))) as target:
        client = client_for(target, TlsSettings(ca=middle.cert_pem.bytes().decode()))
        assert (await client.post()).status == 200


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str | None) -> None:
    """The sentence names the file."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=f"{path} cannot be used"):
        TlsContexts([path])


def test_equal_settings_share_a_context_while_it_is_used(certificates: Certificates) -> None:
    """A context costs milliseconds and memory; a key is not kept longer than a pool needs it."""
    contexts = TlsContexts()
    assert contexts.get(TlsSettings()) is contexts.get(TlsSettings())
    first = contexts.get(TlsSettings(ca=certificates.pem))
    assert contexts.get(TlsSettings(ca=certificates.pem)) is first
    assert contexts.get(TlsSettings(ca=trustme.CA().cert_pem.bytes().decode())) is not first
    number = id(first)
    del first
    gc.collect()
    assert not any(id(thing) == number for thing in gc.get_objects() if isinstance(thing, Tls))


CERT, KEY = identity(trustme.CA())
OTHER_KEY = identity(trustme.CA())[1]
ENCRYPTED = (
    load_pem_private_key(KEY.encode(), None)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
    .decode()
)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (TlsSettings(ca="no certificate"), "spec.tls.ca"),
        (TlsSettings(ca=""), "spec.tls.ca"),
        (TlsSettings(ca="zertifikat für ünicode"), "spec.tls.ca"),
        (TlsSettings(ca=KEY), "spec.tls.ca"),
        (TlsSettings(cert=CERT), "both tls.crt and tls.key"),
        (TlsSettings(key=KEY), "both tls.crt and tls.key"),
        (TlsSettings(cert=CERT, key=""), "both tls.crt and tls.key"),
        (TlsSettings(cert=CERT, key=OTHER_KEY), "does not belong"),
        (TlsSettings(cert=CERT, key=ENCRYPTED), "without a password"),
        (TlsSettings(cert=CERT, key="nothing"), "not usable PEM"),
        (TlsSettings(cert="nothing", key=KEY), "not usable PEM"),
        (TlsSettings(cert="\ud800", key=KEY), "not usable PEM"),
    ],
)
def test_a_pem_text_that_cannot_be_used_is_told(settings: TlsSettings, words: str) -> None:
    """One sentence with the field, and nothing of the text."""
    with pytest.raises(SendError) as caught:
        TlsContexts().get(settings)
    assert (caught.value.cause, caught.value.sent) == (Cause.TLS, Sent.NOT_SENT)
    assert words in str(caught.value)
    assert KEY.splitlines()[1] not in str(caught.value)
