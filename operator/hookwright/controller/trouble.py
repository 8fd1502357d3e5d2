"""What does not succeed just now, by cause: a line a minute for each, counted, and red after a while.

One cause may hit many objects: it is told with their number, and its end is told once; one that nobody notes any more
has ended. Readiness is red only for what stops everybody; the rest stands in the text beside it.
Must not: decide what is done about it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import structlog

from hookwright.limits import TROUBLE_LAPSE_SECONDS, TROUBLE_LINE_SECONDS, TROUBLE_SECONDS

_log = structlog.get_logger()


@dataclass(slots=True)
class _Trouble:
    sentence: str
    since: float
    red: bool
    noted: float = 0.0
    told: float = -math.inf
    hit: set[str] = field(default_factory=set)
    """Objects since the last line."""


class Troubles:
    """The troubles of this moment, by what was tried and the cause. `monotonic`: seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], _Trouble] = {}
        self._well: dict[str, float] = {}

    def note(
        self, what: str, cause: str, sentence: str, objects: Collection[str] = (), *, red: bool = False
    ) -> None:
        """`what` does not succeed. `cause`: a name by which it is the same trouble though its sentence may differ.

        `objects`: those that it hit now. `red`: not ready once it has lasted, unless `what` succeeds elsewhere.
        """
        now = self._monotonic()
        trouble = self._known.setdefault((what, cause), _Trouble(sentence, now, red))
        trouble.sentence, trouble.red, trouble.noted = sentence, red, now
        trouble.hit.update(objects)
        if now - trouble.told >= TROUBLE_LINE_SECONDS:
            hit = {"objects": len(trouble.hit), "object": min(trouble.hit)} if trouble.hit else {}
            tell = _log.error if red else _log.warning
            tell(what, cause=cause, message=sentence, **hit)
            trouble.told, trouble.hit = now, set()

    def well(self, what: str) -> None:
        """It succeeded, for some object at least."""
        self._well[what] = self._monotonic()

    def over(self, what: str, cause: str | None = None) -> None:
        """The cause is gone, None: all of `what`."""
        self._end([each for each in self._known if each[0] == what and cause in (None, each[1])])

    def causes(self, what: str) -> list[str]:
        """The causes that stand."""
        return [cause for each, cause in self._known if each == what]

    def counts(self) -> Mapping[str, int]:
        """How many causes stand, by what was tried."""
        return Counter(what for what, _ in self._present())

    def lasting(self) -> str | None:
        """What stops everybody for so long that somebody has to look; None: nothing."""
        now = self._monotonic()
        for (what, _), trouble in self._present().items():
            since = max(trouble.since, self._well.get(what, -math.inf))
            if trouble.red and now - since >= TROUBLE_SECONDS:
                return trouble.sentence
        return None

    def sentences(self) -> list[str]:
        """What each says."""
        return [each.sentence for each in self._present().values()]

    def _present(self) -> Mapping[tuple[str, str], _Trouble]:
        oldest = self._monotonic() - TROUBLE_LAPSE_SECONDS
        self._end([each for each, trouble in self._known.items() if trouble.noted < oldest])
        return self._known

    def _end(self, ended: list[tuple[str, str]]) -> None:
        for each in ended:
            del self._known[each]
            _log.info(each[0], cause=each[1], message="This trouble is over.")
