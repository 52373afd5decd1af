"""Move acts from where they were stored into the chain of their tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

from doorward import audit
from doorward.errors import Unavailable
from doorward.keys.keyring import Signing
from doorward.model import Clock, TenantId
from doorward.model.audit import Anchor, AuditRecord, ChainHead, Link
from doorward.rules.audit import DAY_SECONDS, day_of
from doorward.stores import PolicyStore
from doorward.stores.audit import AuditStore
from doorward.tokens.checkpoints import Checkpoint, sign_checkpoint
from doorward.trail.chain import linked

_A_TRANSACTION = 45  # two actions for each act, of the hundred that a transaction takes
_TRIES = 20


@dataclass(frozen=True, slots=True)
class AppendActs:
    """Appends acts to chains, each once, however often and by however many it is asked.

    Args:
        store: the trails.
        policies: how long each tenant keeps its records.
        signer: signs checkpoints.
        clock: tells the time.
        retention_days: for tenants whose policy says nothing.
    """

    store: AuditStore
    policies: PolicyStore
    signer: Signing
    clock: Clock
    retention_days: int

    def __call__(self, act_ids: Sequence[str]) -> tuple[Link, ...]:
        """Append those acts that are in no chain yet.

        Args:
            act_ids: the acts.

        Returns:
            What was appended by this call.

        Raises:
            Unavailable: others appended to the same chain first, in every try. Nothing is lost: ask again.
        """
        appended: list[Link] = []
        waiting = sorted(self.store.waiting(act_ids), key=lambda record: (record.tenant_id, record.id))
        for tenant_id, records in groupby(waiting, key=attrgetter("tenant_id")):
            ids = [record.id for record in records]
            for start in range(0, len(ids), _A_TRANSACTION):
                appended += self._append(tenant_id, ids[start : start + _A_TRANSACTION])
        return tuple(appended)

    def _append(self, tenant_id: TenantId, ids: Sequence[str]) -> tuple[Link, ...]:
        days = self.policies.get(tenant_id).audit_retention_days or self.retention_days
        for _ in range(_TRIES):
            records = self.store.waiting(ids)
            if not records:
                return ()
            before = self.store.get_head(tenant_id)
            now_ms = self.clock()
            links, after = linked(before, self._named(records), now_ms // 1000 + days * DAY_SECONDS)
            after, anchor = self._signed(tenant_id, before, replace(after, retention_days=days), links, now_ms)
            if self.store.append(before, after, links, anchor):
                audit.record("audit_checkpoint", tenant_id=tenant_id, number=after.number, hash=after.hash)
                return links
        raise Unavailable(reason="chain_is_busy")

    def _named(self, records: Sequence[AuditRecord]) -> list[AuditRecord]:
        """Return records with the names of the users that they tell of, as long as these can be looked up."""
        ids = {each for record in records for each in (record.actor_id, record.target_id) if each}
        names = self.store.names_of(sorted(ids))
        return [
            replace(
                record,
                actor_name=record.actor_name or names.get(record.actor_id or "") or _own_name(record),
                target_name=record.target_name or names.get(record.target_id or ""),
            )
            for record in records
        ]

    def _signed(
        self, tenant_id: TenantId, before: ChainHead, after: ChainHead, links: Sequence[Link], now_ms: int
    ) -> tuple[ChainHead, Anchor | None]:
        """Return the head with its checkpoint, and an anchor if the day or the retention is another one."""
        today, checkpoint = day_of(now_ms), self._checkpoint(tenant_id, after, now_ms)
        # What happened at the end of a month may be appended in the next one, and some of it much later.
        begun = min(filter(None, [before.begun, *(day_of(link.record.at_ms) for link in links)]))
        after = replace(after, begun=begun, day=today, checkpoint=checkpoint)
        if (before.day, before.retention_days) == (today, after.retention_days):
            return after, None
        text = self._checkpoint(tenant_id, before, now_ms)
        return after, Anchor(before.number, before.hash, today, after.retention_days, text)

    def _checkpoint(self, tenant_id: TenantId, head: ChainHead, now_ms: int) -> str:
        checkpoint = Checkpoint(tenant_id, head.number, head.hash, now_ms // 1000)
        return sign_checkpoint(checkpoint, self.signer.current(), self.signer.issuer)


def _own_name(record: AuditRecord) -> str | None:
    """Return the name of somebody who did something to the own account, which is gone."""
    return record.target_name if record.actor_id == record.target_id else None
