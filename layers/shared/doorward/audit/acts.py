"""Record what happens, in the log and in the transaction that makes it happen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from doorward.audit.requests import Keep, of_now

_LOGGER = logging.getLogger("doorward.audit")

Value = str | int | bool | None


@dataclass(slots=True, eq=False)
class Act:
    """Something that happens in this moment, and that the audit trail keeps.

    Args:
        event: a stable name in the past tense, one of `doorward.audit.kinds`.
        fields: identifiers and reasons, with what is known of the request.
        tenant_id: in whose trail it belongs; None for nobody's. A path names any tenant, so that one does not count.
        target_name: the name of whom it happens to, if nobody can look it up afterwards. The log does not tell it.
        log_only: what the log tells besides, or in place of fields of the same name. Administrators of the tenant read
            the trail, and not the log.
        kept: whether the audit trail has it.
        keep: puts it into the audit trail, in a write of its own. A database that works for the act sets this.
    """

    event: str
    fields: dict[str, Value]
    tenant_id: Value = None
    target_name: str | None = None
    log_only: dict[str, Value] = field(default_factory=dict)
    kept: bool = False
    keep: Keep | None = None
    _withdrawn: bool = field(default=False)

    def withdraw(self) -> None:
        """Say that it did not happen after all."""
        self._withdrawn = True

    @property
    def stands(self) -> bool:
        """Return whether it happened."""
        return self.kept or not self._withdrawn


_ACTS: ContextVar[tuple[Act, ...]] = ContextVar("doorward_acts", default=())


def record(event: str, **fields: Value) -> None:
    """Log one audit event, with what is known of the request that it belongs to.

    Args:
        event: a stable name in the past tense, such as `mail_sent`.
        fields: identifiers and reasons, but never a token, a password or a hash.
    """
    _LOGGER.info(event, extra={"audit": {"event": event, **of_now().known, **fields}})


@contextmanager
def act(event: str, *, target_name: str | None = None, **fields: Value) -> Iterator[Act]:
    """Keep an event in the audit trail, and log it, when what the block does is done.

    The first transaction that the block writes carries the event: both are stored, or neither. If the block writes no
    transaction, the database that it uses stores the event afterwards. If the block raises, nothing happened.

    Args:
        event: a stable name in the past tense, one of `doorward.audit.kinds`.
        target_name: the name of whom it happens to, if nobody can look it up afterwards.
        fields: identifiers and reasons, but never a token, a password or a hash. `tenant_id` says in whose trail it
            belongs, if not in that of the caller's tenant; `user_id` to whom it happens; `by` who does it. Without
            `by` it is the same user, and `by=None` is somebody unknown.

    Raises:
        Unavailable: the event could not be stored, although what it tells of was done.
    """
    request = of_now()
    begun = Act(event, {**request.known, **fields}, fields.get("tenant_id") or request.tenant_id, target_name)
    outer = _ACTS.set((*_ACTS.get(), begun))
    try:
        yield begun
    finally:
        _ACTS.reset(outer)
    if begun.stands:
        keep = begun.keep or of_now().keep
        if keep is not None and not begun.kept:
            keep(begun)
        _LOGGER.info(event, extra={"audit": {"event": event, **begun.fields, **begun.log_only}})


def pending() -> tuple[Act, ...]:
    """Return the acts that happen now and that the audit trail does not have yet."""
    return tuple(begun for begun in _ACTS.get() if not begun.kept)


def add(event: str, **fields: Value) -> None:
    """Keep an event in the audit trail, and log it, beside whatever else is written.

    Args:
        event: a stable name in the past tense, one of `doorward.audit.kinds`.
        fields: see `act`.

    Raises:
        Unavailable: the event could not be stored.
    """
    with act(event, target_name=None, **fields):
        pass


def works(keep: Keep) -> tuple[Act, ...]:
    """Say that a database is at work: it keeps what happens now and was in no transaction. Return `pending()`."""
    acts = pending()
    for begun in acts:
        begun.keep = keep
    of_now().keep = keep
    return acts
