"""Audit trails in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doorward.model import TenantId
from doorward.model.audit import NO_HEAD, Anchor, AuditRecord, ChainHead, Link
from doorward.rules.audit import month_of
from doorward.stores.audit import Found


@dataclass
class MemoryAudit:
    """The trails of tenants."""

    acts: dict[str, AuditRecord] = field(default_factory=dict)
    heads: dict[TenantId, ChainHead] = field(default_factory=dict)
    links: dict[TenantId, list[Link]] = field(default_factory=dict)
    anchored: dict[TenantId, list[Anchor]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def get_head(self, tenant_id: TenantId) -> ChainHead:
        return self.heads.get(tenant_id, NO_HEAD)

    def list_month(
        self, tenant_id: TenantId, month: str, limit: int, *, before: str | None = None, least: str = ""
    ) -> Found:
        of_month = (link for link in self.links.get(tenant_id, []) if month_of(link.record.at_ms) == month)
        wanted = [link for link in of_month if link.record.id >= least and (not before or link.record.id < before)]
        wanted.sort(key=lambda link: link.record.id, reverse=True)
        return Found(tuple(wanted[:limit]), wanted[limit - 1].record.id if len(wanted) > limit else None)

    def anchors(self, tenant_id: TenantId) -> list[Anchor]:
        return list(self.anchored.get(tenant_id, []))

    def waiting(self, ids: Sequence[str]) -> list[AuditRecord]:
        return [self.acts[act_id] for act_id in sorted(set(ids)) if act_id in self.acts]

    def all_waiting(self) -> Iterator[AuditRecord]:
        yield from list(self.acts.values())

    def names_of(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        return {user_id: self.names[user_id] for user_id in user_ids if user_id in self.names}

    def append(self, before: ChainHead, after: ChainHead, links: Sequence[Link], anchor: Anchor | None) -> bool:
        tenant_id = links[0].record.tenant_id
        if self.get_head(tenant_id) != before or any(link.record.id not in self.acts for link in links):
            return False
        for link in links:
            del self.acts[link.record.id]
        self.links.setdefault(tenant_id, []).extend(links)
        self.heads[tenant_id] = after
        if anchor is not None:
            self.anchored.setdefault(tenant_id, []).append(anchor)
        return True
