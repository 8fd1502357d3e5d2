"""Bodies of requests, read and weighed while they come."""

from __future__ import annotations

import asyncio
from typing import Any

from hookwright.core.jsontext import weight
from hookwright.dispatcher.ports.bodies import Bodies

PIECE = b"[]," * 20_000


def pieces(count: int) -> Any:
    """So many pieces of a body, all of them there already."""
    left = [PIECE] * count

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(), "more_body": bool(left)}

    return receive


async def test_what_a_large_body_weighs_is_known_when_it_is_read() -> None:
    """The same whatever its pieces are; a small one is not weighed."""
    assert await Bodies().read({}, pieces(5), 1_000_000) == (PIECE * 5, weight(PIECE * 5))
    assert await Bodies().read({}, pieces(1), 1_000_000) == (PIECE, 0)


async def test_of_all_large_bodies_one_piece_is_weighed_in_a_round_of_the_loop() -> None:
    """However many come together, what else the loop has to do goes on after each piece."""
    bodies, rounds = Bodies(), 0
    reading = asyncio.gather(*(bodies.read({}, pieces(10), 1_000_000) for _ in range(8)))
    while not reading.done():
        await asyncio.sleep(0)
        rounds += 1
    assert rounds >= 8 * 9  # the first two of each are weighed as one
