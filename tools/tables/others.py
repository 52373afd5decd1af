"""The rules of counters, keys, notifications and sockets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from tools.tables.found import Seen


def passing(seen: Seen) -> Iterator[str]:
    """Say what is wrong with what the table's time to live removes, and nothing else does."""
    if "expires_at" not in seen.item:
        yield "never ends"


def key_set(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the signing keys."""
    keys = json.loads(seen.item["keys"])
    if Counter(key["state"] for key in keys)["active"] != 1:
        yield "has not one active key"
    if len({key["kid"] for key in keys}) != len(keys):
        yield "has two keys of one id"


def of_tenant(seen: Seen) -> Iterator[str]:
    """Say what is wrong with what a tenant has."""
    if (wrong := seen.found.missing_tenant(seen.tenant_id)) is not None:
        yield wrong


def of_user_and_tenant(seen: Seen) -> Iterator[str]:
    """Say what is wrong with what a user has in a tenant."""
    wrong = seen.found.missing_user(seen.user_id) or seen.found.missing_tenant(seen.tenant_id)
    if wrong is not None:
        yield wrong


def pointer(seen: Seen) -> Iterator[str]:
    """Say what is wrong with the item that says where a connection lies."""
    if seen.found.get("SocketsTable", {"pk": seen.item["at_pk"], "sk": seen.item["at_sk"]}) is None:
        yield f"there is no connection {seen.parts['connection_id']} where it points to"


def connection(seen: Seen) -> Iterator[str]:
    """Say what is wrong with an open connection. Its user may have left a moment ago: the stream closes it."""
    where = seen.found.get("SocketsTable", {"pk": f"connection#{seen.parts['connection_id']}", "sk": "connection"})
    if where is None or (where["at_pk"], where["at_sk"]) != (seen.item["pk"], seen.item["sk"]):
        yield "nothing points to it"
