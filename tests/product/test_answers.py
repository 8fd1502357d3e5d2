"""What targets and token endpoints of the world answer, byte by byte, and what becomes of the delivery and its record."""

from __future__ import annotations

import gzip
import signal
import socketserver
import ssl
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from product.conftest import HOST, Product, granted
from rig import throwaway_ca

LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
OK = b'{"status":"ok"}'
CHECKED = '  responseValidators: [{path: $.status, values: ["ok"]}]\n'
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: keys, labels: {hookwright.io/webhook-secret: "true"}}
stringData: {token: a-bearer-token-of-ours, secret: "a client's secret", user: only-a-user, empty: ""}
"""


def answer(body: bytes, headers: bytes = b"", line: bytes = LINE) -> bytes:
    return b"%b%bContent-Length: %d\r\n\r\n%b" % (line, headers, len(body), body)


def oauth2(token_path: str, client_id: str = "client") -> str:
    client = f"clientID: {client_id}, clientSecretRef: {{name: keys, key: secret}}"
    return f"  auth: {{oauth2: {{{client}, tokenURL: 'https://{HOST}/{token_path}'}}}}\n"


class Case(NamedTuple):
    """What is answered, to what spec, and what the first invocation says."""

    answer: bytes
    result: str
    says: str = ""
    spec: str = ""


def delivered(data: bytes, spec: str = "") -> Case:
    return Case(data, "Delivered", "The target answered 200 OK.", spec)


def unread(data: bytes, says: str) -> Case:
    """A validator could not look."""
    return Case(
        data, "Rejected", f"responseValidators could not look at $.status: the answer {says}", CHECKED
    )


def retrying(data: bytes, says: str) -> Case:
    return Case(data, "Retrying", says)


TOKENS = {
    "t-bearer-token": answer(b'{"access_token":"t","token_type":"BearerToken"}'),
    "t-null": answer(b'{"access_token":"t","token_type":null}'),
    "t-mark": answer(b'\xef\xbb\xbf{"access_token":"t"}'),
    "t-bare": b'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"access_token":"t"}',
    "t-slow": answer(b"{}", b"Retry-After: 6\r\n", b"HTTP/1.1 429 Too Many Requests\r\n"),
    "t-code": answer(b'{"error":"invalid_client"}', line=b"HTTP/1.1 401 Unauthorized\r\n"),
}
SLOW = b"HTTP/1.1 429 Too Many Requests\r\n"
CASES = {
    # the head and its framing
    "bare-line-feeds": delivered(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    "blanks-after-chunk-size": delivered(CHUNKED + b"2 \r\nok\r\n0   \r\n\r\n"),
    "folded": delivered(answer(b"ok", b"Content-Security-Policy: a;\r\n  b\r\n")),
    "length-twice": delivered(answer(b"ok", b"Content-Length: 2\r\n")),
    "length-and-chunks": delivered(LINE + b"Content-Length: 9\r\n" + CHUNKED[len(LINE) :] + b"2\r\nok\r\n0\r\n\r\n"),
    "identity": delivered(answer(b"ok", b"Transfer-Encoding: identity\r\n")),
    "blank-before-colon": delivered(LINE + b"Content-Length : 2\r\n\r\nok"),
    "control-in-cookie": delivered(answer(b"ok", b"Set-Cookie: a=\x01\r\n")),
    "slash-in-name": delivered(answer(b"ok", b"a/b: 1\r\n")),
    "many-headers": delivered(answer(b"ok", b"a: b\r\n" * 120)),
    "no-reason": delivered(answer(b"ok", line=b"HTTP/1.1 200\r\n")),
    "interim": delivered(b"HTTP/1.1 103 Early Hints\nLink: x\n\n" + answer(b"ok")),
    "no-colon": retrying(
        answer(b"ok", b"nonsense\r\n"),
        f"The answer of {HOST} is not valid HTTP/1.1: line 2 has no colon (may have been sent); next attempt",
    ),
    "blank-at-start": retrying(answer(b"ok", b" a: b\r\n"), "line 2 begins with a blank"),
    "two-lengths": retrying(answer(b"ok", b"Content-Length: 3\r\n"), "it has two different Content-Length"),
    # the body
    "no-last-chunk": delivered(CHUNKED + b"2\r\nok\r\n"),
    "shorter-than-its-length": delivered(LINE + b"Content-Length: 9\r\n\r\nok"),
    "no-last-chunk-checked": unread(CHUNKED + b"f\r\n" + OK + b"\r\n", "ended early, as the connection was closed"),
    "no-last-chunk-500": retrying(CHUNKED.replace(b"200", b"500") + b"2\r\nok\r\n", "The target answered 500 Internal"),
    "old": delivered(b"HTTP/1.0 200 OK\r\n\r\n" + OK, CHECKED),
    "gzip": delivered(answer(gzip.compress(OK), b"Content-Encoding: gzip\r\n"), CHECKED),
    "gzip-members": delivered(
        answer(gzip.compress(OK[:5]) + gzip.compress(OK[5:]) + b"\n", b"Content-Encoding: gzip\r\n"), CHECKED
    ),
    "brotli": unread(answer(b"\x8b\x04", b"Content-Encoding: br\r\n"), "is compressed in a way that was not asked for"),
    # JSON
    "mark": delivered(answer(b"\xef\xbb\xbf" + OK), CHECKED),
    "half-emoji": delivered(answer(b'{"status":"ok","echo":"cut \\ud83d"}'), CHECKED),
    "long-number": delivered(answer(b'{"status":"ok","big":12345678901234567890123}'), CHECKED),
    "long-number-asked-for": delivered(
        answer(b'{"big":12345678901234567890123}'),
        '  responseValidators: [{path: $.big, values: ["12345678901234567890123"]}]\n',
    ),
    "utf-16": delivered(answer(OK.decode().encode("utf-16")), CHECKED),
    "latin-1": delivered(
        answer(b'{"status":"ok","echo":"gr\xfcn"}', b"Content-Type: application/json; charset=ISO-8859-1\r\n"), CHECKED
    ),
    "not-utf-8": unread(answer(b'{"status":"ok","echo":"gr\xfcn"}'), "is not UTF-8 (byte 26 cannot be read)"),
    "too-long": unread(answer(b'{"status":"ok","more":"' + b"x" * 70_000 + b'"}'), "was cut at 64 KiB"),
    "html": unread(answer(b"<html>"), "is not JSON: unexpected character, expected a JSON value at character 1"),
    "nan": unread(answer(b'{"status":"ok","x":NaN}'), "is not JSON: unexpected character, expected a JSON value at"),
    "empty": unread(answer(b""), "is empty"),
    "absent": Case(answer(b"{}"), "Rejected", "no value was found at $.status", CHECKED),
    # Retry-After
    "fraction": retrying(answer(b"", b"Retry-After: 30.5\r\n", SLOW), "next attempt in 31 s"),
    "joined": retrying(answer(b"", b"Retry-After: 4, 4\r\n", SLOW), "next attempt in 4 s"),
    "garbage": retrying(answer(b"", b"Retry-After: soon\r\n", SLOW), "its Retry-After cannot be read; next attempt in 1 s"),
    # credentials
    "token-type": delivered(answer(b"ok"), oauth2("t-bearer-token")),
    "token-type-null": delivered(answer(b"ok"), oauth2("t-null")),
    "token-mark": delivered(answer(b"ok"), oauth2("t-mark")),
    "token-bare": delivered(answer(b"ok"), oauth2("t-bare")),
    "token-slow": Case(b"", "Retrying", "answered 429 (not sent); next attempt in 6 s", oauth2("t-slow")),
    "token-code": Case(b"", "Retrying", "answered 401 with the error invalid_client", oauth2("t-code")),
    "empty-password": delivered(
        answer(b"ok"),
        "  auth: {basic: {usernameSecretRef: {name: keys, key: user}, passwordSecretRef: {name: keys, key: empty}}}\n",
    ),
    "told": Case(
        LINE + b"you sent a-bearer-token-of-ours\r\n\r\n",
        "Retrying",
        "line 2 has no colon",
        "  auth: {bearer: {tokenSecretRef: {name: keys, key: token}}}\n",
    ),
}  # fmt: skip


class _Target(socketserver.StreamRequestHandler):
    """Answers each path with its bytes, and closes."""

    def handle(self) -> None:
        path, length = "", 0
        while line := self.rfile.readline().strip():
            path = path or line.split()[1].decode().strip("/")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        case = CASES.get(path)
        self.wfile.write(case.answer if case else TOKENS[path])


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Target)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closes early is none of ours."""


@pytest.fixture(scope="module")
def invocations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One event for all webhooks; the first invocation of each."""
    folder = tmp_path_factory.mktemp("answers")
    ca_file, certificate = throwaway_ca(folder, HOST)
    with _Server(certificate) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        product = Product(folder, ca_file, server.server_address[1], folder / "no-log")
        product.write("secret", SECRET)
        for name, case in CASES.items():
            head = f"  url: https://{HOST}/{name}\n  triggers: [RequestGranted]\n  retry: {{schedule: [1s, 1h]}}\n"
            product.webhook(name, head + case.spec)
        product.start()
        accepted = product.post(granted()).json()["events"][0]["deliveries"]
        found = {
            each["webhook"].removeprefix("default/"): product.invocation(f"{each['id']}.1")
            for each in accepted
        }
        product.stop(signal.SIGKILL)
        product.http.close()
        server.shutdown()
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_an_answer(invocations: dict[str, dict[str, Any]], name: str) -> None:
    """The table above: delivered, rejected with why nobody could look, or tried again with cause and place."""
    case, invocation = CASES[name], invocations[name]
    assert case.says in invocation["message"]
    assert invocation["result"] == case.result


@pytest.mark.parametrize("name", ["no-colon", "blank-at-start", "two-lengths"])
def test_the_record_shows_what_came_instead_of_an_answer(
    invocations: dict[str, dict[str, Any]], name: str
) -> None:
    """Its first bytes, as nobody could find out otherwise; there is no response, and the hint leads to them."""
    invocation = invocations[name]
    assert invocation["unread"] == CASES[name].answer.decode()
    assert invocation["response"] is None
    assert "first bytes" in invocation["hint"]


def test_a_secret_in_what_came_is_not_shown(invocations: dict[str, dict[str, Any]]) -> None:
    """It passes redaction as any answer does."""
    assert invocations["told"]["unread"] == "HTTP/1.1 200 OK\r\nyou sent ‹secret keys/token›\r\n\r\n"


def test_the_record_of_a_cut_answer_has_its_status(invocations: dict[str, dict[str, Any]]) -> None:
    """Answered, although the body never ended; what came of it is kept."""
    response = invocations["no-last-chunk-500"]["response"]
    assert (response["statusCode"], response["body"]) == (500, "ok")
    assert invocations["no-last-chunk-checked"]["response"]["body"] == OK.decode()


def test_the_record_of_a_validator_says_why_it_could_not_look(invocations: dict[str, dict[str, Any]]) -> None:
    """Not that it found nothing."""
    (cut,), (absent,) = invocations["too-long"]["validators"], invocations["absent"]["validators"]
    assert (cut["passed"], cut["problem"]) == (False, "was cut at 64 KiB")
    assert absent == {"path": "$.status", "passed": False, "actual": None}
