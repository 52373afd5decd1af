"""Markers: what is revoked for a whole tenant and for the deployment, and whether the tenant is active.

Every request reads two markers. One item would be too slow for a whole deployment, so a marker is many equal copies.
A request reads the copies in the shard of its user. A change writes all copies in one transaction. The first copy says
how many there are (docs/decisions/0022).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database, Place
from doorward.aws.dynamodb.items import (
    Item,
    Key,
    Tables,
    deployment_marker_key,
    tenant_marker_key,
    user_revocations_key,
)
from doorward.aws.dynamodb.shapes import KID_PREFIX, suffixes, to_revocation_state
from doorward.errors import Conflict, NotInitialised
from doorward.model import Revocations, TenantId, UserId
from doorward.rules.shards import shard_of

KeyOf = Callable[[int], Key]
"""Returns the key of a marker's copy in a shard."""

_TRIES = 10
_SAME = "version = :seen"
IS_OPEN = "attribute_exists(pk) AND attribute_not_exists(leaving)"
"""The condition of what may only come into a tenant that is not being deleted."""


def revocation_places(tables: Tables, tenant_id: TenantId, user_id: UserId) -> list[Place]:
    """Return where everything lies that is revoked for a user in a realm."""
    shard = shard_of(user_id, tables.marker_shards)
    return [
        (tables.revocations, user_revocations_key(tenant_id, user_id)),
        (tables.revocations, tenant_marker_key(tenant_id, shard)),
        (tables.revocations, deployment_marker_key(shard)),
    ]


def to_revocations(items: Sequence[Item | None]) -> Revocations:
    """Return what the items at `revocation_places` say.

    Raises:
        NotInitialised: the deployment has no marker in this shard. That must not read as "nothing is revoked".
    """
    user, tenant, deployment = items
    if deployment is None:
        raise NotInitialised(reason="no_marker")
    return Revocations(
        user=to_revocation_state(user),
        tenant_min_epoch=(tenant or {}).get("min_epoch", 0),
        revoked_kids=suffixes(deployment, KID_PREFIX),
        deployment_min_epoch=deployment["min_epoch"],
        tenant_status=(tenant or {}).get("status"),
        tenant_policy=(tenant or {}).get("policy"),
    )


def of_tenant(tenant_id: TenantId) -> KeyOf:
    """Return the keys of a tenant's marker."""
    return partial(tenant_marker_key, tenant_id)


of_deployment: KeyOf = deployment_marker_key
"""The keys of the deployment's marker."""


@dataclass(frozen=True, slots=True)
class MarkerWriter:
    """Makes the actions that write all copies of a marker.

    The caller puts the actions of one marker into one transaction.
    """

    database: Database
    table: str

    def head(self, key_of: KeyOf) -> Item | None:
        """Return the first copy, from a consistent read; None if there is no such marker."""
        return self.database.get((self.table, key_of(0)))

    def check_open(self, tenant_id: TenantId, user_id: UserId, shards: int) -> Action:
        """Return the action that fails if there is no such tenant, or if the tenant is being deleted.

        It looks at the copy in the user's shard. So those who enter a tenant at one moment rarely meet at one item.
        """
        key = tenant_marker_key(tenant_id, shard_of(user_id, shards))
        return actions.check(self.table, key, when=IS_OPEN)

    def first(self, key_of: KeyOf, shards: int, attributes: Mapping[str, Any]) -> list[Action]:
        """Return the actions that store a new marker; they fail if there is one."""
        written = {"min_epoch": 0, **attributes, "shards": shards, "version": 1}
        return [actions.put(self.table, key_of(shard), written, when=actions.ABSENT) for shard in range(shards)]

    def change(self, key_of: KeyOf, head: Item, assign: Mapping[str, Any], remove: Iterable[str] = ()) -> list[Action]:
        """Return the actions that change all copies alike; they fail if the marker changed since it was read.

        Args:
            key_of: the marker.
            head: its first copy, as it was read.
            assign: attributes to set.
            remove: attributes to remove.
        """
        removed, wanted = tuple(remove), {**assign, "version": head["version"] + 1}
        return [
            actions.update(
                self.table,
                key_of(shard),
                assign=wanted,
                remove=removed,
                when=_SAME,
                values={"seen": head["version"]},
            )
            for shard in range(head["shards"])
        ]

    def spread(self, key_of: KeyOf, shards: int) -> bool:
        """Give a marker more copies, and return whether it had fewer.

        The deployment's marker comes first: a new tenant's gets as many copies as that one has. Only when all markers
        have the copies may functions read them.

        Raises:
            NotInitialised: there is no such marker.
            Conflict: others changed the marker first, in every try.
        """
        for _ in range(_TRIES):
            head = self.head(key_of)
            if head is None:
                raise NotInitialised(reason="no_marker")
            if head["shards"] >= shards:
                return False
            with contextlib.suppress(ConditionFailed):
                self.database.transact(self._more(key_of, head, shards))
                return True
        raise Conflict

    def _more(self, key_of: KeyOf, head: Item, shards: int) -> list[Action]:
        own = {"pk", "shards", "version"}
        copied = {name: value for name, value in head.items() if name not in own}
        wanted = {**copied, "shards": shards, "version": head["version"] + 1}
        fresh = [actions.put(self.table, key_of(shard), wanted) for shard in range(head["shards"], shards)]
        return [*self.change(key_of, head, {"shards": shards}), *fresh]
