"""Whether the database can be used, as every connection of the store finds it; said once when that changes.

Must not: try anything itself.
"""

from __future__ import annotations

import structlog

from hookwright.errors import StoreAway
from hookwright.store.postgres.failures import Failure, as_store_error, judge

log = structlog.get_logger()


class Health:
    """`away` is the error while it cannot be used."""

    def __init__(self) -> None:
        self.away: StoreAway | None = None
        self.standby: bool | None = None
        """Whether a synchronous standby is named there; None: nobody has looked."""

    @property
    def remark(self) -> str:
        """What a commit means, for people."""
        if self.standby:
            return "A commit is on a synchronous standby of the database as well."
        return "A commit is on one server of the database: it names no synchronous standby."

    def looked(self, standby: bool) -> None:
        """Somebody has."""
        if standby is not self.standby:
            self.standby = standby
            log.info("store.commits", reason=self.remark)

    def failed(self, error: Exception) -> None:
        """Something failed on a connection."""
        if judge(error) is not Failure.AWAY:
            return
        said = self.away
        found = as_store_error(error)
        assert isinstance(found, StoreAway)
        self.away = found
        if said is None:
            log.warning("store.away", reason=str(found))

    def works(self) -> None:
        """Something was stored."""
        if self.away is not None:
            self.away = None
            log.info("store.back")
