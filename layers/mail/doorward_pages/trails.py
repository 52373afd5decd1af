"""The pages that show audit trails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from doorward.api.cursors import trail_name
from doorward.api.requests import query
from doorward.api.routing import Response
from doorward.errors import DoorwardError
from doorward.model import PLATFORM
from doorward.model.audit import Link
from doorward.rules.audit import AuditSearch
from doorward.rules.names import is_ulid
from doorward.trail.read import ReadTrail
from doorward_pages.administration import PAGE, AdminPages, Caller

_ASKS = ("event", "person", "outcome")


@dataclass(frozen=True, slots=True)
class TrailPages:
    """The pages of what happened in a tenant, and of what belongs to none."""

    pages: AdminPages
    trail: ReadTrail

    def show(self, caller: Caller) -> Response:
        """Return a page of the records that the query asks for, the newest first."""
        asked = {name: (query(self.pages.app, name) or "").strip() or None for name in _ASKS}
        return self.pages.forms.attempt(
            lambda: self._found(caller, asked), lambda error: self._page(caller, asked, {"rows": []}, error)
        )

    def _found(self, caller: Caller, asked: Mapping[str, str | None]) -> Response:
        search = AuditSearch(event=asked["event"], person=asked["person"], outcome=asked["outcome"])
        listed = trail_name(caller.tenant_id, search)
        found = self.trail.many(caller.acting, caller.tenant_id, search, PAGE, self.pages.after(listed))
        more = self.pages.more(listed, found.after, asked)
        return self._page(caller, asked, {"rows": [record_row(link) for link in found.links], "more": more})

    def _page(
        self,
        caller: Caller,
        asked: Mapping[str, str | None],
        values: Mapping[str, Any],
        error: DoorwardError | None = None,
    ) -> Response:
        head = self.trail.head(caller.acting, caller.tenant_id)
        here = "platform_audit" if caller.tenant_id == PLATFORM else "audit"
        return self.pages.show("audit", caller, {"asked": asked, "head": head, "here": here, **values}, error)


def record_row(link: Link) -> dict[str, Any]:
    """Return what the list shows of a record."""
    record = link.record
    return {
        "time": datetime.fromtimestamp(record.at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "event": record.event,
        "failed": record.outcome == "failure",
        "actor": _person(record.actor_id, record.actor_name),
        "target": _person(record.target_id, record.target_name),
        "source": record.source,
        "user_agent": record.user_agent,
        "details": sorted(record.details.items()),
    }


def _person(person_id: str | None, name: str | None) -> dict[str, Any] | None:
    if person_id is None:
        return None
    return {"id": person_id, "called": name or person_id, "is_user": is_ulid(person_id)}
