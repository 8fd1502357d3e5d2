"""The page: the files that `make page` built, served on the admin port from memory, to anybody who reaches it.

They hold no data; the data ask for the token. Every path that no program asks for is the page's own, and gets the one
shell. Must not: know what the page shows, or serve a file that was not built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

BUILT: Final = Path(__file__).parents[2] / "page"
NOT_PAGES: Final = ("/admin", "/healthz", "/readyz", "/metrics")
_ASSETS: Final = ("/assets",)
_SHELL: Final = "/index.html"
NOT_BUILT: Final = "The page was not built here: run make page, and start again.\n"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "accept-encoding",
}
_FOREVER: Final = "public, max-age=31536000, immutable"  # the name of an asset holds the hash of its content


def is_built() -> bool:
    """Whether there is a page: every wheel has one, a checkout only after `make page`."""
    return (BUILT / _SHELL.removeprefix("/")).is_file()


class _File(NamedTuple):
    kind: str
    plain: bytes
    packed: dict[str, bytes]
    """By content coding, the best first."""


class Page:
    """An ASGI application. `folder` is what was built; without it every path says so."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._files = {
            f"/{file.relative_to(folder)}": _read(file)
            for file in sorted(folder.glob("**/*"))
            if file.is_file() and file.suffix in _TYPES
        }

    def takes(self, scope: Scope) -> bool:
        """Whether a request is for the page and not for a program."""
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or _under(path, NOT_PAGES):
            return False
        return _under(path, _ASSETS) or "text/html" in Headers(scope=scope).get("accept", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if _under(path, _ASSETS):
            answer = self._answer(scope, path, _FOREVER)
        else:
            answer = self._answer(scope, path if path in self._files else _SHELL, "no-cache")
        await answer(scope, receive, send)

    def _answer(self, scope: Scope, name: str, cache: str) -> Response:
        file = self._files.get(name)
        if file is None:
            said = NOT_BUILT if name == _SHELL else "There is no such file; load the page anew.\n"
            return PlainTextResponse(said, 404)
        headers = {**_HEADERS, "cache-control": cache}
        accepted = Headers(scope=scope).get("accept-encoding", "")
        for coding, packed in file.packed.items():
            if coding in accepted:
                return Response(packed, headers={**headers, "content-encoding": coding}, media_type=file.kind)
        return Response(file.plain, headers=headers, media_type=file.kind)


def _under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _read(file: Path) -> _File:
    packed = {"br": ".br", "gzip": ".gz"}
    return _File(
        _TYPES[file.suffix],
        file.read_bytes(),
        {coding: file.with_name(file.name + suffix).read_bytes() for coding, suffix in packed.items()},
    )
