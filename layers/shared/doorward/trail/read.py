"""Read audit trails."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model import PLATFORM, Clock, Principal, TenantId
from doorward.model.audit import ChainHead, Link
from doorward.rules.audit import AuditSearch, month_before, month_of, start_of
from doorward.rules.tenancy import require_own_admin, require_platform_admin
from doorward.stores.audit import AuditReader, Found
from doorward.tokens.ids import least_ulid, time_of

_READ_AT_MOST = 1000
"""Records that one call looks at: a filter that finds little gives a short page, and the next one goes on."""

_MONTHS_AT_MOST = 24


@dataclass(frozen=True, slots=True)
class ReadTrail:
    """Shows the trail of a tenant to its administrators, and that of no tenant to those of the platform."""

    store: AuditReader
    clock: Clock

    def many(
        self, principal: Principal, tenant_id: TenantId, search: AuditSearch, limit: int, after: str | None
    ) -> Found:
        """Return a page of the records that a search finds, the newest first.

        Args:
            principal: the caller.
            tenant_id: whose trail; PLATFORM for what belongs to no tenant.
            search: what the caller looks for.
            limit: how many records at most. There may be fewer, and none, although more follow.
            after: where the page begins, from the page before.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        self._permit(principal, tenant_id)
        begun = self.store.get_head(tenant_id).begun[:7]
        if not begun:
            return Found((), None)
        first = max(begun, month_of(search.since_ms)) if search.since_ms is not None else begun
        place = after or least_ulid(min(search.until_ms or self.clock() + 1, self.clock() + 1))
        return self._collect(tenant_id, search, limit, place, first)

    def head(self, principal: Principal, tenant_id: TenantId) -> ChainHead:
        """Return how far a chain goes, with its signed checkpoint.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        self._permit(principal, tenant_id)
        return self.store.get_head(tenant_id)

    @staticmethod
    def _permit(principal: Principal, tenant_id: TenantId) -> None:
        if tenant_id == PLATFORM:
            require_platform_admin(principal)
        else:
            require_own_admin(principal, tenant_id)

    def _collect(self, tenant_id: TenantId, search: AuditSearch, limit: int, place: str, first: str) -> Found:
        found: list[Link] = []
        least = least_ulid(search.since_ms or 0)
        month, seen = _month_before(place), 0
        for _ in range(_MONTHS_AT_MOST):
            if month < first:
                return Found(tuple(found), None)
            page = self.store.list_month(tenant_id, month, limit, before=place, least=least)
            for link in page.links:
                place = link.record.id
                if search.finds(link.record):
                    found.append(link)
                    if len(found) == limit:
                        return Found(tuple(found), place)
            seen += len(page.links)
            if page.after is None:
                place, month = least_ulid(start_of(month)), month_before(month)
            if seen >= _READ_AT_MOST:
                break
        return Found(tuple(found), place)


def _month_before(place: str) -> str:
    """Return the month of the newest record that may come before a place."""
    time_ms = time_of(place)
    return month_of(time_ms - 1 if place == least_ulid(time_ms) else time_ms)
