"""The dispatch configuration as files: what the controller puts into Secrets and a dispatcher keeps as its last good.

Webhooks stand in slices of one namespace each, which are encoded, compressed and read alone, so that a change costs
its slice. Strung together in their files, `part-0 … part-7`, the slices are one gzip stream of one document, which is
what earlier releases read; `manifest.json` says where each slice lies. Decision 0020 draws it.
Must not: write or read files, decide who has too much (`config_shares`).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import orjson

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.core.remembered import Remembered
from hookwright.errors import ConfigurationError
from hookwright.limits import (
    CONFIG_LAST_PART_BYTES,
    CONFIG_PACKED_BYTES,
    CONFIG_PART_BYTES,
    CONFIG_PARTS,
    CONFIG_SLICE_BYTES,
    CONFIG_SLICE_WEBHOOKS,
    MIB,
)

MANIFEST: Final = "manifest.json"
HEAD: Final = b'{"webhooks":['
"""Where the document begins; its other members stand behind the webhooks, as they change with each change."""
COMMA: Final = bytes.fromhex("000100feff2c")  # a deflate block of one comma: what stands between two slices
_ident: Callable[[RouteConfig], Ident] = attrgetter("namespace", "name", "hash", "requested_at")
_GZIP: Final = bytes.fromhex("1f8b08000000000002ff")
_LAST_BLOCK: Final = b"\x03\x00"

Ident = tuple[str, str, str, str | None]
"""Namespace, name, hash and request of a webhook: the hash is over all else."""
Group = tuple[Ident, ...]
"""Webhooks of one namespace, in the order of their names."""


class Slice(NamedTuple):
    """A text as deflate blocks that refer to nothing before them and end with a byte.

    `size`: bytes of the text. `checksum`: what its CRC-32 differs from that of as many zeros by.
    """

    packed: bytes
    size: int
    checksum: int


class Place(NamedTuple):
    """A slice with the namespace and the name of its first webhook, by which it keeps its place."""

    namespace: str
    first: str
    slice: Slice


def part_name(number: int) -> str:
    """File name of one part."""
    return f"part-{number}"


def encode(config: DispatchConfig) -> dict[str, bytes]:
    """File name → content; the same configuration gives the same bytes. ConfigurationError: it is too large."""
    return Slices().files(config)


class Slices:
    """Encodes configurations one after the other; what the last one had is not encoded again."""

    def __init__(self) -> None:
        self._sizes: Remembered[Ident, int] = Remembered()
        self._lengths: Remembered[Group, int] = Remembered()
        self._sizes_of: Remembered[Group, dict[Ident, int]] = Remembered()
        self._lengths_of: Remembered[Group, dict[Group, int]] = Remembered()
        self._kept: dict[Group, Slice] = {}
        self.encoded = 0
        """How many slices were encoded so far."""

    def size(self, route: RouteConfig) -> int:
        """Bytes of a webhook in the document, its comma included."""
        return self._sizes.get(_ident(route), lambda: len(_text(route)) + 1)

    def sizes(self, routes: Sequence[RouteConfig]) -> Collection[int]:
        """Bytes of webhooks of one namespace in the document."""
        idents = tuple(map(_ident, routes))
        made = self._sizes_of.get(idents, lambda: dict(zip(idents, map(self.size, routes), strict=True)))
        self._sizes.keep(made)
        return made.values()

    def length(self, routes: Sequence[RouteConfig]) -> int:
        """Compressed bytes of webhooks of one namespace, which come in the order of their names."""
        return sum(self._slices_of(routes).values())

    def files(self, config: DispatchConfig) -> dict[str, bytes]:
        """File name → content. ConfigurationError: it is larger than the shares allow together."""
        webhooks = sorted(config.webhooks, key=attrgetter("key"))
        places = []
        for _, group in groupby(webhooks, attrgetter("namespace")):
            routes = list(group)
            for idents in self._slices_of(routes):
                places.append(Place(idents[0][0], idents[0][1], self._slice(idents, routes)))
        return _files(config, places)

    def keep_only(self, namespaces: Iterable[Sequence[RouteConfig]]) -> None:
        """A configuration is decided: forget what it did not ask for, and slices that were only measured."""
        self._kept = {
            idents: self._slice(idents, routes) for routes in namespaces for idents in self._slices_of(routes)
        }
        for each in (self._sizes, self._lengths, self._sizes_of, self._lengths_of):
            each.turn()

    def _slices_of(self, routes: Sequence[RouteConfig]) -> Mapping[Group, int]:
        """The slices of a namespace with their lengths."""
        made = self._lengths_of.get(tuple(map(_ident, routes)), lambda: dict(self._measured(routes)))
        self._lengths.keep(made)
        return made

    def _measured(self, routes: Sequence[RouteConfig]) -> Iterator[tuple[Group, int]]:
        for idents in self._groups(routes):
            yield idents, self._lengths.get(idents, partial(self._length, idents, routes))

    def _groups(self, routes: Sequence[RouteConfig]) -> Iterator[Group]:
        """Most slices begin at certain names, so that a new webhook moves no other border."""
        group: list[Ident] = []
        size = 0
        for route in routes:
            begins = zlib.crc32(route.name.encode()) % CONFIG_SLICE_WEBHOOKS == 0
            if group and (begins or size + self.size(route) > CONFIG_SLICE_BYTES):
                yield tuple(group)
                group, size = [], 0
            group.append(_ident(route))
            size += self.size(route)
        if group:
            yield tuple(group)

    def _length(self, idents: Group, routes: Sequence[RouteConfig]) -> int:
        return len(self._slice(idents, routes).packed) + len(COMMA)

    def _slice(self, idents: Group, routes: Sequence[RouteConfig]) -> Slice:
        """The slice of those of a namespace's webhooks that are named."""
        if idents not in self._kept:
            self.encoded += 1
            wanted = set(idents)
            self._kept[idents] = _packed(b",".join(_text(each) for each in routes if _ident(each) in wanted))
        return self._kept[idents]


def _text(route: RouteConfig) -> bytes:
    return route.model_dump_json(by_alias=True, exclude_none=True).encode()


def _packed(text: bytes) -> Slice:
    packer = zlib.compressobj(6, wbits=-15)
    packed = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return Slice(packed, len(text), _difference(text))


def _difference(text: bytes) -> int:
    return zlib.crc32(text) ^ zlib.crc32(bytes(len(text)))


_COMMA: Final = Slice(COMMA, 1, _difference(b","))


class _Stream:
    """One gzip stream in parts, made of slices."""

    def __init__(self) -> None:
        self.parts = [bytearray(_GZIP)]
        self._checksum = self._size = 0

    def add(self, *slices: Slice) -> None:
        """String slices to the last part."""
        for each in slices:
            self.parts[-1] += each.packed
            # the CRC-32 of what comes before and as many zeros, and what the slice's differs from theirs by
            self._checksum = zlib.crc32(bytes(each.size), self._checksum) ^ each.checksum
            self._size += each.size

    def end(self) -> None:
        """The trailer of RFC 1952."""
        self.parts[-1] += (
            _LAST_BLOCK + self._checksum.to_bytes(4, "little") + self._size.to_bytes(4, "little")
        )


def _files(config: DispatchConfig, places: Sequence[Place]) -> dict[str, bytes]:
    """String the slices together, and say in the manifest where they lie."""
    others = config.model_dump_json(by_alias=True, exclude_none=True, exclude={"webhooks"})
    rest = _packed(f"],{others[1:]}".encode())
    stream = _Stream()
    stream.add(_packed(HEAD))
    start = len(stream.parts[0])
    lengths: list[list[int]] = []
    for number, held in enumerate(filled(places)):
        if number:
            stream.parts.append(bytearray())
        for place in held:
            stream.add(*((_COMMA, place.slice) if any(lengths) or place is not held[0] else (place.slice,)))
        lengths.append([len(place.slice.packed) for place in held])
    stream.add(rest)
    stream.end()
    files = {part_name(number): bytes(part) for number, part in enumerate(stream.parts)}
    manifest = {
        "version": config.version,
        "hash": config.hash,
        "parts": [hashlib.sha256(part).hexdigest() for part in files.values()],
        "start": start,
        "slices": lengths,
        "rest": len(rest.packed),
    }
    return {**files, MANIFEST: orjson.dumps(manifest)}


def filled(places: Sequence[Place]) -> list[list[Place]]:
    """The slices of each part: of one part if they fit the last, which is written with each change in any case.

    Else a slice stands where its namespace stands, and where that is full, at a place of its own: so a change
    elsewhere moves none. ConfigurationError: one fits nowhere.
    """
    if sum(map(_length, places)) <= CONFIG_LAST_PART_BYTES:
        return [list(places)]
    room = [CONFIG_PART_BYTES] * (CONFIG_PARTS - 1) + [CONFIG_LAST_PART_BYTES]
    parts: list[list[Place]] = [[] for _ in room]
    for place in places:
        number = next((each for each in _choices(place) if room[each] >= _length(place)), None)
        if number is None:
            size, limit = sum(map(_length, places)) / MIB, CONFIG_PACKED_BYTES / MIB
            raise ConfigurationError(
                f"The configuration of all webhooks takes {size:.1f} MiB compressed, of which {limit:.1f} MiB fit: "
                "make webhooks smaller, or install a second release for some of the namespaces."
            )
        room[number] -= _length(place)
        parts[number].append(place)
    return parts


def _length(place: Place) -> int:
    return len(place.slice.packed) + len(COMMA)


def _choices(place: Place) -> Iterator[int]:
    yield zlib.crc32(place.namespace.encode()) % CONFIG_PARTS
    own = zlib.crc32(f"{place.namespace}/{place.first}".encode())
    yield from ((own + step) % CONFIG_PARTS for step in range(CONFIG_PARTS))
