"""Where sockets listen: the one place that knows IPv6 from IPv4, for the ports of both processes.

Must not: know what is served on them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from hookwright.core.addresses import EVERY


async def serve(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int, backlog: int
) -> asyncio.Server:
    """A server that listens there. Port 0: any that is free. Raises OSError.

    `::` takes IPv6 and IPv4 on one socket, and IPv4 alone where the system has no IPv6.
    """
    loop = asyncio.get_running_loop()
    if host == EVERY:
        if socket.has_dualstack_ipv6():  # asyncio itself would take IPv6 alone
            both = socket.create_server(
                (host, port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True
            )
            return await loop.create_server(protocol, sock=both, backlog=backlog)
        host = "0.0.0.0"  # noqa: S104 - what was asked for, less what the system lacks
    return await loop.create_server(protocol, host, port, backlog=backlog)
