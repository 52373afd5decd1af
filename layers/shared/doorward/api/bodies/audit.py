"""The bodies that show an audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from doorward.api.bodies.flat import FlatResponse
from doorward.api.bodies.times import iso_time
from doorward.model import TenantId
from doorward.model.audit import ChainHead, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedResponse(FlatResponse):
    """Who did something, or to whom it happened: a user or a service, with the user name at that time.

    A name that is absent was not known any more when the record was made.
    """

    id: str
    name: str | None = None

    @classmethod
    def of(cls, audited_id: str | None, name: str | None) -> Self | None:
        """Return the body of somebody; None for nobody."""
        return None if audited_id is None else cls(id=audited_id, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecordResponse(FlatResponse):
    """What happened once, at its place in the chain of its tenant.

    `tenant_id` is `-` for what belongs to no tenant. Without `actor` nobody knows who did it. `hash` is the base64url,
    without padding, of the SHA-256 of a JSON text in UTF-8: one object with the names in the order of their code
    points, without white space, and with no escapes but those that JSON demands. It has the members of this record but
    `hash`, with four of them in another form: `at_ms` in place of `at`, in milliseconds since 1970; `expires_at` in
    seconds since 1970; `actor_id` and `actor_name` in place of `actor`; `target_id` and `target_name` in place of
    `target`. What is absent here is absent there. `previous` is the hash of the record with the number before; it is
    empty for the first.
    """

    id: str
    at: str
    tenant_id: str
    event: str
    outcome: str
    actor: AuditedResponse | None = None
    target: AuditedResponse | None = None
    source: str | None = None
    user_agent: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    details: Mapping[str, str | int | bool]
    number: int
    previous: str
    hash: str
    expires_at: str

    @classmethod
    def of(cls, link: Link) -> Self:
        """Return the body for a link of a chain."""
        record = link.record
        names = ("id", "tenant_id", "event", "outcome", "source", "user_agent", "client_id", "request_id", "details")
        return cls(
            **{name: getattr(record, name) for name in names},
            at=iso_time(record.at_ms),
            actor=AuditedResponse.of(record.actor_id, record.actor_name),
            target=AuditedResponse.of(record.target_id, record.target_name),
            number=link.number,
            previous=link.previous,
            hash=link.hash,
            expires_at=iso_time(link.expires_at * 1000),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditListResponse(FlatResponse):
    """A page of an audit trail, the newest first.

    It may have fewer records than were asked for, and none, although `next_cursor` says that more follow.
    """

    items: list[AuditRecordResponse]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheckpointResponse(FlatResponse):
    """How far a chain goes: the number and the hash of its last record.

    `checkpoint` says the same, signed with the key that signs access tokens (RFC 7515, `typ` is
    `audit-checkpoint+jwt`). Whoever keeps one can show later that the chain up to there is still the one of that time.
    A chain without a record has the number 0 and no checkpoint.
    """

    tenant_id: str
    number: int
    hash: str
    checkpoint: str | None = None

    @classmethod
    def of(cls, tenant_id: TenantId, head: ChainHead) -> Self:
        """Return the body for the head of a chain."""
        return cls(tenant_id=tenant_id, number=head.number, hash=head.hash, checkpoint=head.checkpoint or None)
