"""What the audit trail of a tenant is made of (docs/audit.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doorward.model.identities import TenantId

Detail = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What happened once.

    Args:
        id: a ULID of the time at which it happened.
        at_ms: that time, in milliseconds.
        tenant_id: whose trail it is in; PLATFORM for what belongs to no tenant.
        event: what happened, by name (`doorward.audit.kinds`).
        outcome: `success` or `failure`.
        actor_id: who did it: a user, or a service; None for somebody who is not known.
        actor_name: the name of that user at that time.
        target_id: to which user it happened, if to one.
        target_name: the name of that user at that time.
        source: the source address.
        user_agent: of the client, as it says.
        client_id: the client's, if it says one.
        request_id: of the request, as API Gateway and the log name it.
        details: what else is known, such as the reason of a refusal.
    """

    id: str
    at_ms: int
    tenant_id: TenantId
    event: str
    outcome: str = "success"
    actor_id: str | None = None
    actor_name: str | None = None
    target_id: str | None = None
    target_name: str | None = None
    source: str | None = None
    user_agent: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A record in the chain of its tenant.

    Args:
        number: counts the tenant's records, from 1 on.
        previous: the hash of the record before; that of the first one is empty.
        hash: of all this and the record, as `doorward.trail.chain` says.
        record: what happened.
        expires_at: when the tenant's policy lets the record go, in epoch seconds; counted from when it was appended.
    """

    number: int
    previous: str
    hash: str
    record: AuditRecord
    expires_at: int


@dataclass(frozen=True, slots=True)
class ChainHead:
    """How far a tenant's chain goes.

    Args:
        number: of its last record; 0 if there is none.
        hash: of its last record; empty if there is none.
        begun: the day of the first record, in UTC, such as `2026-11-26`; empty if there is none.
        day: the last day of which there is an anchor.
        retention_days: how long records are kept that were appended last.
        checkpoint: number and hash, signed (`doorward.tokens.checkpoints`); empty if there is none.
    """

    number: int = 0
    hash: str = ""
    begun: str = ""
    day: str = ""
    retention_days: int = 0
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a tenant's chain stood before the first record of a day, or of another retention. It never expires.

    Args:
        number: of the last record before; 0 if there is none.
        hash: of that record; empty if there is none.
        day: on which the records after it were appended, in UTC.
        retention_days: how long the records after it are kept, up to the next anchor.
        checkpoint: number and hash, signed.
    """

    number: int
    hash: str
    day: str
    retention_days: int
    checkpoint: str


NO_HEAD = ChainHead()
"""The head of a chain that has not begun."""
