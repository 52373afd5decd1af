"""Days, months and lifetimes of audit trails, and which records somebody looks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from doorward.audit.kinds import KINDS
from doorward.errors import InvalidRequest
from doorward.model.audit import AuditRecord

DAY_SECONDS = 86_400
RETENTION_DAYS = (1, 3650)
"""The least and the greatest number of days that a policy may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """What somebody looks for; what is None does not matter.

    Args:
        actor_id: who did it.
        target_id: to whom it happened.
        event: the kind.
        outcome: `success` or `failure`.
        since_ms: from this time on, in milliseconds.
        until_ms: before this time, in milliseconds.
        person: who did it, or to whom it happened: an id, or a user name at that time.
    """

    actor_id: str | None = None
    target_id: str | None = None
    event: str | None = None
    outcome: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can find nothing.

        Raises:
            InvalidRequest: there is no such kind of event or outcome, or `until` is not after `since`.
        """
        if self.event is not None and self.event not in KINDS:
            raise InvalidRequest("There is no such event.")
        if self.outcome not in {None, "success", "failure"}:
            raise InvalidRequest("outcome is success or failure.")
        if self.since_ms is not None and self.until_ms is not None and self.since_ms >= self.until_ms:
            raise InvalidRequest("until is after since.")

    @property
    def chooses(self) -> bool:
        """Return whether it leaves out some of the records between `since` and `until`."""
        return any(value is not None for value in (*self._exact().values(), self.person))

    def finds(self, record: AuditRecord) -> bool:
        """Return whether somebody looks for this record."""
        if any(value is not None and getattr(record, name) != value for name, value in self._exact().items()):
            return False
        people = (record.actor_id, record.actor_name, record.target_id, record.target_name)
        if self.person is not None and self.person not in people:
            return False
        since, until = self.since_ms, self.until_ms
        return (since is None or record.at_ms >= since) and (until is None or record.at_ms < until)

    def _exact(self) -> dict[str, str | None]:
        names = ("actor_id", "target_id", "event", "outcome")
        return {name: getattr(self, name) for name in names}


def day_of(at_ms: int) -> str:
    """Return the day of a time, in UTC, such as `2026-11-26`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def month_of(at_ms: int) -> str:
    """Return the month of a time, in UTC, such as `2026-11`."""
    return day_of(at_ms)[:7]


def month_before(month: str) -> str:
    """Return the month before a month."""
    return (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]


def start_of(month: str) -> int:
    """Return when a month begins, in UTC, in milliseconds."""
    return int(datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC).timestamp()) * 1000
