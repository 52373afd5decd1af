"""Bring the tables of version 0.1.0 into today's form. Every step can be repeated, and works under load.

Version 0.1.0 kept one item of what is revoked for a tenant, if anything was, and one of revoked keys. Today every
request reads one of many copies of a marker (docs/decisions/0022), and a marker that is missing refuses everybody.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Key, Tables, list_part, tenant_key
from doorward.aws.dynamodb.markers import KeyOf, MarkerWriter, of_deployment, of_tenant
from doorward.aws.dynamodb.shapes import KID_PREFIX
from doorward.errors import Conflict
from doorward.model import TenantId

_TRIES = 10
_KEYS: Key = {"pk": "keys"}
_LISTS = {"user": "users", "tenant": "tenants"}


@dataclass(frozen=True, slots=True)
class FromVersion01:
    """Goes through the tenants and users that version 0.1.0 stored.

    Args:
        database: the tables' reader and writer.
        tables: users and revocations, and how many copies a marker gets.
    """

    database: Database
    tables: Tables

    def before(self) -> Counter[str]:
        """Write the markers that the functions of today read, and return how many were written.

        The functions of 0.1.0 read none of them. What these functions revoke afterwards, `after` brings over.

        Raises:
            Conflict: others changed a marker first, in every try.
        """
        done = Counter(markers=int(self._mark(of_deployment, _KEYS, None)))
        for item in self._listed("tenant"):
            tenant_id = TenantId(item["tenant_id"])
            done["markers"] += self._mark(of_tenant(tenant_id), _old_key(tenant_id), tenant_id)
        return +done

    def after(self, now_ms: int) -> Counter[str]:
        """Bring over what changed since `before`, list users and tenants as today, and forget the old items.

        No function of 0.1.0 may run any more. Who must change a password first has as long as if it were set now.

        Args:
            now_ms: the time, in milliseconds.

        Raises:
            Conflict: others changed a marker first, in every try.
        """
        done = self.before()
        for item in self._listed(*_LISTS, "credential"):
            done["listed"] += self._list(item)
            done["dated"] += self._date(item, now_ms)
            if item["sk"] == "tenant":
                self._forget(_old_key(TenantId(item["tenant_id"])))
        self._forget(_KEYS)
        return +done

    def _mark(self, key_of: KeyOf, old_key: Key, tenant_id: TenantId | None) -> bool:
        """Let a marker say what the old items say, and return whether it did not."""
        markers = MarkerWriter(self.database, self.tables.revocations)
        for _ in range(_TRIES):
            head = markers.head(key_of)
            # In this order: whoever changes the tenant in between changes the marker too, and the write fails.
            wanted = self._wanted(head or {}, old_key, tenant_id)
            if wanted is None or (head is not None and wanted.items() <= head.items()):
                return False
            steps = (
                markers.first(key_of, self.tables.marker_shards, wanted)
                if head is None
                else markers.change(key_of, head, wanted)
            )
            with contextlib.suppress(ConditionFailed):
                self.database.transact(steps)
                return True
        raise Conflict

    def _wanted(self, head: Item, old_key: Key, tenant_id: TenantId | None) -> Item | None:
        old = self.database.get((self.tables.revocations, old_key)) or {}
        wanted = {name: end for name, end in old.items() if name.startswith(KID_PREFIX)}
        wanted["min_epoch"] = max(old.get("min_epoch", 0), head.get("min_epoch", 0))
        if tenant_id is not None:
            tenant = self.database.get((self.tables.users, tenant_key(tenant_id)))
            if tenant is None or "status" not in tenant:
                return None
            wanted["status"] = tenant["status"]
        return wanted

    def _listed(self, *kinds: str) -> Iterator[Item]:
        for items in self.database.scan(self.tables.users):
            yield from (item for item in items if item["sk"] in kinds)

    def _list(self, item: Item) -> bool:
        name = _LISTS.get(item["sk"])
        if name is None or item.get("listing") != name:
            return False
        key = {"pk": item["pk"], "sk": item["sk"]}
        part = list_part(name, item["pk"].partition("#")[2])
        return self._carry_out(
            actions.update(
                self.tables.users, key, assign={"listing": part}, when="listing = :old", values={"old": name}
            )
        )

    def _date(self, item: Item, now_ms: int) -> bool:
        if item["sk"] != "credential" or "set_at_ms" in item:
            return False
        key, values = {"pk": item["pk"], "sk": item["sk"]}, {"old": item["password_hash"]}
        when = "password_hash = :old AND attribute_not_exists(set_at_ms)"
        return self._carry_out(
            actions.update(self.tables.users, key, assign={"set_at_ms": now_ms}, when=when, values=values)
        )

    def _forget(self, key: Key) -> None:
        self._carry_out(actions.delete(self.tables.revocations, key, when=actions.PRESENT))

    def _carry_out(self, action: Action) -> bool:
        try:
            self.database.write(action)
        except ConditionFailed:
            return False
        return True


def _old_key(tenant_id: TenantId) -> Key:
    return {"pk": f"tenant#{tenant_id}"}
