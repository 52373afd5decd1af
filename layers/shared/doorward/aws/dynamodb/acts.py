"""Acts in the audit table, and a database that stores them with what they tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward import audit
from doorward.audit.kinds import KINDS
from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, Database, Place
from doorward.aws.dynamodb.items import Item, Key, decode
from doorward.model import PLATFORM, Clock, TenantId
from doorward.model.audit import AuditRecord
from doorward.tokens.ids import random_ulid

_MOST = 100  # TransactWriteItems takes no more
_NAMED = frozenset({"tenant_id", "user_id", "by", "source", "user_agent", "client_id", "request_id"})


def act_key(act_id: str) -> Key:
    """Return the key of an act, which has a partition of its own: no two acts ever meet on a hot one."""
    return {"pk": f"act#{act_id}", "sk": "act"}


def record_of(act: audit.Act, now_ms: int) -> AuditRecord:
    """Return what an act says, as a record of the audit trail."""
    said, kind = act.fields, KINDS[act.event]
    target = _text(said.get("user_id"))
    return AuditRecord(
        id=random_ulid(now_ms),
        at_ms=now_ms,
        tenant_id=TenantId(_text(act.tenant_id) or PLATFORM),
        event=act.event,
        outcome=kind.outcome,
        actor_id=_text(said["by"]) if "by" in said else target,
        target_id=target,
        target_name=act.target_name,
        source=_text(said.get("source")),
        user_agent=_text(said.get("user_agent")),
        client_id=_text(said.get("client_id")),
        request_id=_text(said.get("request_id")),
        details={name: value for name, value in said.items() if name not in _NAMED and value is not None},
    )


def record_attributes(record: AuditRecord) -> dict[str, Any]:
    """Return the attributes of a record's item, without its key."""
    names = (name for name in AuditRecord.__dataclass_fields__ if name != "id")
    return {"audit_id": record.id, **{name: getattr(record, name) for name in names}}


def to_record(item: Item) -> AuditRecord:
    """Return the record of an item."""
    names = (name for name in AuditRecord.__dataclass_fields__ if name != "id")
    return AuditRecord(id=item["audit_id"], **{name: item[name] for name in names if name in item})


@dataclass(frozen=True, slots=True)
class KeepingDatabase:
    """A database that stores acts (`doorward.audit.act`) in the transaction of what they tell of.

    Args:
        inner: the database.
        table: of the audit trail.
        clock: tells when something happens.
    """

    inner: Database
    table: str
    clock: Clock

    def get(self, place: Place) -> Item | None:
        """Return one item."""
        audit.works(self.keep)
        return self.inner.get(place)

    def batch_get(self, places: Sequence[Place], *, eventual_table: str | None = None) -> list[Item | None]:
        """Return several items, in the order of their places."""
        audit.works(self.keep)
        return self.inner.batch_get(places, eventual_table=eventual_table)

    def query(self, table: str, **rest: Any) -> tuple[list[Item], Key | None]:  # noqa: ANN401 - as the Protocol says
        """Return one page of a partition in the order of keys, and the key after which the next page begins."""
        audit.works(self.keep)
        return self.inner.query(table, **rest)

    def scan(self, table: str) -> Iterator[list[Item]]:
        """Return all items of a table, in pages."""
        return self.inner.scan(table)

    def ending_before(self, table: str, index: str, partition: str, time_ms: int) -> list[Item]:
        """Return all items of a partition of an index that end before a time, the soonest first."""
        return self.inner.ending_before(table, index, partition, time_ms)

    def write(self, action: Action) -> Item:
        """Carry out one action: as a transaction with the acts that happen now, unless it is an update.

        An update's answer is the whole item, which no transaction returns. An act beside it is kept afterwards.
        """
        if not audit.works(self.keep) or "Update" in action:
            return self.inner.write(action)
        self.transact([action])
        return {}

    def transact(self, actions: Sequence[Action]) -> None:
        """Carry out all actions or none, and with them store the acts that happen now."""
        acts = audit.works(self.keep)[: _MOST - len(actions)]
        self.inner.transact([*actions, *map(self._put, acts)])
        for act in acts:
            act.kept = True

    def keep(self, act: audit.Act) -> None:
        """Store an act alone."""
        self.inner.write(self._put(act))
        act.kept = True

    def _put(self, act: audit.Act) -> Action:
        record = record_of(act, self.clock())
        return actions.put(self.table, act_key(record.id), record_attributes(record))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def act_ids(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the acts that records of the table's stream say to be new."""
    found = []
    for record in records:
        kind, _, act_id = record["dynamodb"]["Keys"]["pk"]["S"].partition("#")
        if kind == "act" and record["eventName"] == "INSERT":
            found.append(act_id)
    return found


def linked_records(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, AuditRecord]]:
    """Return the records that the table's stream says to be new in chains, each with its number in the stream."""
    found = []
    for record in records:
        change = record["dynamodb"]
        if record["eventName"] == "INSERT" and change["Keys"]["pk"]["S"].startswith("tenant#"):
            found.append((change["SequenceNumber"], to_record(decode(change["NewImage"]) or {})))
    return found
