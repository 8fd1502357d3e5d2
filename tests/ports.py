"""Ports for what a test starts: nobody else gets one until the process that asked for it ends.

A port that was found free and let go may be taken, by a connection that somebody makes or by another test, before it
is listened on. So its socket stays bound: the system hands its port to nobody, while whoever names it may listen on it
(SO_REUSEADDR, as every server here has it), as often as he likes. Until then a connection to it is refused.
"""

from __future__ import annotations

import socket
from typing import Final

_kept: Final[list[socket.socket]] = []


def kept_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept.append(keeper)
    port: int = keeper.getsockname()[1]
    return port
