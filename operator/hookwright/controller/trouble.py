"""What keeps the configuration from coming into force: told once for each cause, red after a while.

Must not: decide what is done about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import structlog

from hookwright.limits import CONFIG_TROUBLE_SECONDS

_log = structlog.get_logger()


class Trouble:
    """The trouble of this moment; until it was over once, that the configuration was never written.

    `monotonic`: seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._cause, self._since = "", -math.inf
        self._sentence: str | None = "The configuration was not written yet."

    def note(self, cause: str, sentence: str) -> None:
        """There is trouble. `cause`: a name by which it is the same trouble though its sentence may differ."""
        if self._sentence is None:
            self._since = self._monotonic()
        if cause != self._cause:
            _log.error("configuration", message=sentence)
        self._cause, self._sentence = cause, sentence

    def over(self) -> None:
        """There is none any more."""
        if self._cause:
            _log.info("configuration", message="The configuration can be written again.")
        self._cause, self._sentence = "", None

    def lasting(self) -> str | None:
        """What has lasted for so long that somebody has to look; None: nothing."""
        return self._sentence if self._monotonic() - self._since >= CONFIG_TROUBLE_SECONDS else None
