"""Audit trails on DynamoDB: the records of a tenant's month are a partition, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.acts import act_key, record_attributes, to_record
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Key, user_key
from doorward.model import TenantId, UserId
from doorward.model.audit import NO_HEAD, Anchor, AuditRecord, ChainHead, Link
from doorward.rules.audit import month_before, month_of
from doorward.stores.audit import Found

_PAGE = 1000


def record_key(tenant_id: TenantId, month: str, record_id: str) -> Key:
    """Return the key of a record in the trail of its tenant."""
    return {"pk": f"tenant#{tenant_id}#{month}", "sk": f"record#{record_id}"}


def head_key(tenant_id: TenantId) -> Key:
    """Return the key of the head of a tenant's chain."""
    return {"pk": f"chain#{tenant_id}", "sk": "head"}


def anchor_key(tenant_id: TenantId, number: int) -> Key:
    """Return the key of the anchor after a record."""
    return {"pk": f"chain#{tenant_id}", "sk": f"anchor#{number:012d}"}


@dataclass(frozen=True, slots=True)
class DynamoAudit:
    """The trails of tenants."""

    database: Database
    table: str
    users_table: str = ""

    def get_head(self, tenant_id: TenantId) -> ChainHead:
        """Return how far a tenant's chain goes, from a consistent read."""
        item = self.database.get((self.table, head_key(tenant_id)))
        return NO_HEAD if item is None else _to_head(item)

    def list_month(
        self, tenant_id: TenantId, month: str, limit: int, *, before: str | None = None, least: str = ""
    ) -> Found:
        """Return records of a month, the newest first."""
        key = record_key(tenant_id, month, before or "")
        items, last = self.database.query(
            self.table,
            partition=key["pk"],
            prefix="record#",
            limit=limit,
            after=key if before else None,
            newest_first=True,
        )
        links = tuple(link for link in map(to_link, items) if link.record.id >= least)
        goes_on = last is not None and len(links) == len(items) and bool(links)
        return Found(links, links[-1].record.id if goes_on else None)

    def anchors(self, tenant_id: TenantId) -> list[Anchor]:
        """Return all anchors of a tenant, the oldest first."""
        found: list[Anchor] = []
        after: Key | None = None
        while True:
            partition = head_key(tenant_id)["pk"]
            items, after = self.database.query(
                self.table, partition=partition, prefix="anchor#", limit=_PAGE, after=after
            )
            found += map(_to_anchor, items)
            if after is None:
                return found

    def waiting(self, ids: Sequence[str]) -> list[AuditRecord]:
        """Return those of these acts that are in no chain yet, in the order of their ids."""
        items = self.database.batch_get([(self.table, act_key(act_id)) for act_id in sorted(set(ids))]) if ids else []
        return [to_record(item) for item in items if item is not None]

    def all_waiting(self) -> Iterator[AuditRecord]:
        """Return all acts that are in no chain yet. It reads the whole table."""
        for page in self.database.scan(self.table):
            yield from (to_record(item) for item in page if item["pk"].startswith("act#"))

    def names_of(self, user_ids: Sequence[str]) -> dict[str, str]:
        """Return the names of those of these users who exist."""
        places = [(self.users_table, user_key(UserId(user_id))) for user_id in user_ids]
        items = self.database.batch_get(places) if places else []
        return {item["pk"].partition("#")[2]: item["username"] for item in items if item is not None}

    def append(self, before: ChainHead, after: ChainHead, links: Sequence[Link], anchor: Anchor | None) -> bool:
        """Move acts into the chain of their tenant, in one transaction."""
        tenant_id = links[0].record.tenant_id
        when, values = ("chain_number = :before", {"before": before.number}) if before.number else (actions.ABSENT, {})
        head = actions.put(self.table, head_key(tenant_id), _head_attributes(after), when=when, values=values)
        steps = [head, *chain.from_iterable(map(self._move, links))]
        if anchor is not None:
            steps.append(actions.put(self.table, anchor_key(tenant_id, anchor.number), _anchor_attributes(anchor)))
        try:
            self.database.transact(steps)
        except ConditionFailed:
            return False
        return True

    def _move(self, link: Link) -> tuple[Action, Action]:
        key = record_key(link.record.tenant_id, month_of(link.record.at_ms), link.record.id)
        attributes = {
            **record_attributes(link.record),
            "chain_number": link.number,
            "chain_previous": link.previous,
            "chain_hash": link.hash,
            "expires_at": link.expires_at,
        }
        taken = actions.delete(self.table, act_key(link.record.id), when=actions.PRESENT)
        return taken, actions.put(self.table, key, attributes, when=actions.ABSENT)


def to_link(item: Item) -> Link:
    """Return the link of an item."""
    number, previous = item["chain_number"], item["chain_previous"]
    return Link(number, previous, item["chain_hash"], to_record(item), item["expires_at"])


def _head_attributes(head: ChainHead) -> dict[str, str | int]:
    return {
        "chain_number": head.number,
        "chain_hash": head.hash,
        "begun": head.begun,
        "day": head.day,
        "retention_days": head.retention_days,
        "checkpoint": head.checkpoint,
    }


def _to_head(item: Item) -> ChainHead:
    place = (item["chain_number"], item["chain_hash"])
    return ChainHead(*place, item["begun"], item["day"], item["retention_days"], item["checkpoint"])


def _anchor_attributes(anchor: Anchor) -> dict[str, str | int]:
    return {
        "chain_number": anchor.number,
        "chain_hash": anchor.hash,
        "day": anchor.day,
        "retention_days": anchor.retention_days,
        "checkpoint": anchor.checkpoint,
    }


def _to_anchor(item: Item) -> Anchor:
    place = (item["chain_number"], item["chain_hash"])
    return Anchor(*place, item["day"], item["retention_days"], item["checkpoint"])


def tenants_with_trails(database: Database, table: str) -> Iterator[TenantId]:
    """Return all tenants that have a trail, PLATFORM too. It reads the whole table."""
    for page in database.scan(table):
        for item in page:
            if item["sk"] == "head":
                yield TenantId(item["pk"].partition("#")[2])


def all_links(store: DynamoAudit, tenant_id: TenantId, now_ms: int) -> Iterator[Link]:
    """Return all records of a tenant, the newest first.

    Args:
        store: the trails.
        tenant_id: whose.
        now_ms: the time, in milliseconds.
    """
    begun = store.get_head(tenant_id).begun[:7]
    month = month_of(now_ms)
    while begun and month >= begun:
        before = None
        while True:
            page = store.list_month(tenant_id, month, _PAGE, before=before)
            yield from page.links
            before = page.after
            if before is None:
                break
        month = month_before(month)
