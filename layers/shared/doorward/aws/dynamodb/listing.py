"""Lists of a whole deployment, which an index keeps in several partitions."""

from __future__ import annotations

import heapq
from operator import itemgetter

from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.items import Item, Key, list_parts

LISTING_INDEX = "listing"


def list_page(database: Database, table: str, name: str, limit: int, after: Key | None) -> tuple[list[Item], bool]:
    """Return one page of a list, and whether more follows.

    A new member may appear a moment late. Each partition is asked for a whole page: that is 16 queries, for a list
    that administrators of the platform alone read.

    Args:
        database: the tables' reader.
        table: the table.
        name: of the list, which is the prefix of its members' keys too, in the singular.
        limit: how many items to return at most.
        after: the key of the member after which the page begins; None for the first page.
    """
    pages = []
    for part in list_parts(name):
        start = {"listing": part, **after} if after else None
        pages.append(
            database.query(table, partition=part, prefix=f"{name[:-1]}#", limit=limit, after=start, index=LISTING_INDEX)
        )
    merged = list(heapq.merge(*(items for items, _ in pages), key=itemgetter("pk")))
    more = len(merged) > limit or any(last is not None for _, last in pages)
    return merged[:limit], more
