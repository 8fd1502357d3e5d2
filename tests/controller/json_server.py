"""An HTTP server on this machine that answers JSON, as it was told, path by path."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


class JsonServer:
    """Answers by path with what `answers` holds, one after the other; `asked` is what came.

    What is to be said to a watch alone stands under the path and `?watch`.
    """

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str, dict[str, list[str]], dict[str, str], Any]] = []
        """Method, path, query, headers, body."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append((self.command, parts.path, parse_qs(parts.query), headers, body))
                watch = f"{parts.path}?watch" if "watch" in parse_qs(parts.query) else ""
                answers = server.answers.get(watch) or server.answers[parts.path]
                status, document = answers.pop(0)
                lines = document if isinstance(document, list) else [document]
                content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the base class's names

            def log_message(self, *args: object) -> None:
                """Nothing."""

        class Http(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self._http = Http((host, port), Handler)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._thread.start()
        self.port = self._http.server_port

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
