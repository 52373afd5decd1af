"""The storage that the audit trail needs.

Acts lie each for itself, where the transaction of what they tell of put them. From there they are moved into the chain
of their tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.model import TenantId
from doorward.model.audit import Anchor, AuditRecord, ChainHead, Link


@dataclass(frozen=True, slots=True)
class Found:
    """A page of records, the newest first, and where the next one begins; None at the end."""

    links: tuple[Link, ...]
    after: str | None


class AuditReader(Protocol):
    """The trails of tenants, to read them."""

    def get_head(self, tenant_id: TenantId) -> ChainHead:
        """Return how far a tenant's chain goes, from a consistent read."""

    def list_month(
        self, tenant_id: TenantId, month: str, limit: int, *, before: str | None = None, least: str = ""
    ) -> Found:
        """Return records of a month, the newest first.

        Args:
            tenant_id: whose.
            month: such as `2026-11`.
            limit: how many at most.
            before: the id of the record before which the page begins.
            least: the least id that is still of interest.
        """

    def anchors(self, tenant_id: TenantId) -> list[Anchor]:
        """Return all anchors of a tenant, the oldest first."""


class AuditStore(AuditReader, Protocol):
    """The trails of tenants, as their one writer sees them."""

    def waiting(self, ids: Sequence[str]) -> list[AuditRecord]:
        """Return those of these acts that are in no chain yet, in the order of their ids, from consistent reads."""

    def all_waiting(self) -> Iterator[AuditRecord]:
        """Return all acts that are in no chain yet. It reads the whole table."""

    def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the user names of those of these users who exist, by id, from consistent reads."""

    def append(self, before: ChainHead, after: ChainHead, links: Sequence[Link], anchor: Anchor | None) -> bool:
        """Move acts into the chain of their tenant, in one transaction.

        Returns:
            Whether the head was still as it was read, and all acts waited. Otherwise nothing is written.
        """
