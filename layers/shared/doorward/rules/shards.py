"""Into how many parts is divided what a whole deployment would otherwise read or write in one place.

DynamoDB gives one item at most 3,000 consistent reads and 1,000 writes a second, and a partition of an index the same
(DynamoDB Developer Guide, "Best practices for designing and using partition keys").
"""

from __future__ import annotations

import zlib

MARKER_SHARDS = 32
"""How many copies a marker has, unless the deployment says otherwise. A marker tells of a tenant, or of everything."""

MAX_MARKER_SHARDS = 96
"""All copies of a marker are written in one transaction, and a transaction has at most 100 actions."""

LIST_SHARDS = 16
"""In how many partitions an index keeps a list."""


def shard_of(name: str, shards: int) -> int:
    """Return in which shard a name belongs, from 0; names are spread evenly.

    Args:
        name: such as a user's id.
        shards: how many there are.
    """
    return zlib.crc32(name.encode()) % shards
