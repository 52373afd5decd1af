"""The rules of the table of revocations: all copies of a marker say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from doorward.aws.dynamodb.items import Item, Key, deployment_marker_key, tenant_key
from doorward.aws.dynamodb.markers import of_tenant as marker_of
from tools.tables.found import Found, Seen

_TABLE = "RevocationsTable"


def of_user(seen: Seen) -> Iterator[str]:
    """Say what is wrong with what is revoked for a user, who may have left: it outlives everything it refuses."""
    if "expires_at" not in seen.item:
        yield "never ends"


def of_tenant(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a copy of a tenant's marker."""
    if seen.found.get("UsersTable", tenant_key(seen.tenant_id)) is None:
        yield f"there is no tenant {seen.tenant_id}"
    yield from _copy(seen.found, seen.item, marker_of(seen.tenant_id), int(seen.parts["shard"]))


def of_deployment(seen: Seen) -> Iterator[str]:
    """Say what is wrong with a copy of the deployment's marker."""
    yield from _copy(seen.found, seen.item, deployment_marker_key, int(seen.parts["shard"]))


def _copy(found: Found, item: Item, key_of: Callable[[int], Key], shard: int) -> Iterator[str]:
    head = found.get(_TABLE, key_of(0))
    if head is None:
        yield "is a copy of no marker"
        return
    if shard >= head["shards"]:
        yield f"is a copy too many: the first says that there are {head['shards']}"
    if {**item, "pk": ""} != {**head, "pk": ""}:
        yield "differs from the first copy"
    if shard == 0:
        missing = [number for number in range(head["shards"]) if found.get(_TABLE, key_of(number)) is None]
        if missing:
            yield f"has no copies {missing}"
