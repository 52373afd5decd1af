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

_AT_ONCE = 250
"""Records that one request reads, where a filter may find few of them."""

_REQUESTS_AT_MOST = 24
"""A month without a record is a request too."""

_AHEAD_MS = 60_000
"""By how much the clock that a record has its time from may be ahead of the reader's."""


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
        newest_ms = self.clock() + _AHEAD_MS
        until_ms = newest_ms if search.until_ms is None else min(search.until_ms, newest_ms)
        place = after or least_ulid(until_ms)
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
        month, seen, least = _month_before(place), 0, least_ulid(search.since_ms or 0)
        for _ in range(_REQUESTS_AT_MOST):
            if month < first:
                return Found(tuple(found), None)
            at_once = max(limit, _AT_ONCE) if search.chooses else limit - len(found)
            page = self.store.list_month(tenant_id, month, at_once, before=place, least=least)
            found += [link for link in page.links if search.finds(link.record)][: limit - len(found)]
            is_over = page.after is None and month <= first
            if len(found) == limit:
                ends_here = is_over and found[-1] == page.links[-1]
                return Found(tuple(found), None if ends_here else found[-1].record.id)
            seen += len(page.links)
            place, month = (page.after, month) if page.after else (least_ulid(start_of(month)), month_before(month))
            if seen >= _READ_AT_MOST:
                break
        return Found(tuple(found), place)


def _month_before(place: str) -> str:
    """Return the month of the newest record that may come before a place."""
    time_ms = time_of(place)
    return month_of(time_ms - 1 if place == least_ulid(time_ms) else time_ms)
