"""The chain: each record has the hash of the one before, so none can be dropped, altered, moved or slipped in.

    hash = base64url(SHA-256(UTF-8 of the JSON text)), without padding

The JSON text has the members of the record that are not null, with `number`, `previous` and `expires_at` beside them;
the names in the order of their code points, no white space, and no escapes but those that JSON demands.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from doorward.model.audit import AuditRecord, ChainHead, Link


def hash_of(record: AuditRecord, number: int, previous: str, expires_at: int) -> str:
    """Return the hash of a record at its place in the chain."""
    members = {name: value for name, value in asdict(record).items() if value is not None}
    content = {**members, "number": number, "previous": previous, "expires_at": expires_at}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode("ascii")


def linked(head: ChainHead, records: Sequence[AuditRecord], expires_at: int) -> tuple[tuple[Link, ...], ChainHead]:
    """Return records as the next links of a chain, and the head after them.

    Args:
        head: how far the chain goes.
        records: what comes next.
        expires_at: when the records may go, in epoch seconds.
    """
    links = []
    for record in records:
        number = head.number + 1
        link = Link(number, head.hash, hash_of(record, number, head.hash, expires_at), record, expires_at)
        links.append(link)
        head = replace(head, number=number, hash=link.hash)
    return tuple(links), head
