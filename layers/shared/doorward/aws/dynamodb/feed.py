"""What is revoked, from the Revocations table: from its stream, and from the whole table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward import audit
from doorward.aws.dynamodb.database import Database
from doorward.aws.dynamodb.items import Item, decode
from doorward.aws.dynamodb.shapes import KID_PREFIX, SESSION_PREFIX, TOKEN_PREFIX
from doorward.model import Revoked, TenantId, UserId
from doorward.rules.facts import news

_PK = re.compile(r"deployment#00|tenant#([^#]*)#(?:00|user#(.*))", re.DOTALL)
"""What is told of: the first copies of markers, which say what the others say, and users' items."""
_PREFIXES = (SESSION_PREFIX, TOKEN_PREFIX, KID_PREFIX)
_LARGEST = 2**53 - 1  # what every reader of JSON can read (RFC 8259 section 6)


def to_revoked(item: Item | None) -> Revoked | None:
    """Return what an item of the table says; None if it says nothing for the feed.

    Raises:
        ValueError: the item is none that Doorward wrote.
    """
    match = _PK.fullmatch(item["pk"]) if item else None
    if item is None or match is None:
        return None
    numbers = [number for name, number in item.items() if name.endswith("min_epoch") or name.startswith(_PREFIXES)]
    if not all(type(number) is int and abs(number) <= _LARGEST for number in numbers):
        raise ValueError("an epoch or an end is no number")
    if not isinstance(item.get("spared_session_id"), str | None):
        raise ValueError("an id is no text")  # noqa: TRY004 - as for numbers: the item is not one of ours
    return Revoked(
        TenantId(match[1]) if match[1] else None,
        UserId(match[2]) if match[2] else None,
        min_epoch=item.get("min_epoch", 0),
        spared_session_id=item.get("spared_session_id"),
        spared_min_epoch=item.get("spared_min_epoch", 0),
        sessions=_ends(item, SESSION_PREFIX),
        tokens=_ends(item, TOKEN_PREFIX),
        kids=_ends(item, KID_PREFIX),
    )


def _ends(item: Item, prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): end for name, end in item.items() if name.startswith(prefix)}


def changes(records: Sequence[Mapping[str, Any]]) -> list[Revoked]:
    """Return what became revoked by the records of the table's stream, which have new and old images.

    A record that cannot be read is left out, and the log tells of it: the stream would bring it again and again, and
    what others revoke would never be published.
    """
    found = []
    for record in records:
        try:
            change = _change(record["dynamodb"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            audit.record("revocation_unreadable", reason=type(error).__name__)
            continue
        if change is not None:
            found.append(change)
    return found


def _change(images: Mapping[str, Any]) -> Revoked | None:
    new, old = (to_revoked(decode(images.get(name))) for name in ("NewImage", "OldImage"))
    return news(new, old) if new is not None else None


@dataclass(frozen=True, slots=True)
class DynamoRevocationSource:
    """Everything that is revoked, from a scan of the table."""

    database: Database
    table: str

    def list_all(self) -> Iterator[Sequence[Revoked]]:
        """Return all revocations, in pages, from consistent reads."""
        for items in self.database.scan(self.table):
            yield [revoked for revoked in map(to_revoked, items) if revoked is not None]
