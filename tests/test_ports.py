"""The ports that tests name."""

from __future__ import annotations

import errno
import socket

import pytest

from ports import kept_port


def test_a_kept_port_is_for_whoever_names_it() -> None:
    """Refused at first, then listened on, twice; nothing that merely looks for a port can have it."""
    port = kept_port()
    with socket.socket() as anyone:
        assert anyone.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            pass
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
