"""List cursors: opaque texts.

A MAC proves that a cursor belongs to its list.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import astuple

from doorward.errors import InvalidCursor
from doorward.rules.audit import AuditSearch
from doorward.rules.finding import Search

_MAC_BYTES = 16


def list_name(tenant_id: str, search: Search) -> str:
    """Return the name of a list of users: each question is a list of its own, with cursors of its own."""
    return json.dumps([tenant_id, *astuple(search)]) if search.asks else tenant_id


def trail_name(tenant_id: str, search: AuditSearch) -> str:
    """Return the name of the list of what a search finds in the audit trail of a tenant."""
    return json.dumps(["audit", tenant_id, *astuple(search)])


def mint_cursor(key: bytes, listed: str, after: str | None) -> str | None:
    """Return the cursor that continues a list after an item.

    Args:
        key: the MAC key, 32 bytes.
        listed: the name of the list, such as a tenant id.
        after: the last item's id; None at the end of the list.

    Returns:
        The cursor; None at the end of the list.
    """
    if after is None:
        return None
    return base64.urlsafe_b64encode(_mac(key, listed, after) + after.encode("utf-8")).decode("ascii")


def read_cursor(key: bytes, listed: str, cursor: str | None) -> str | None:
    """Return the id of the item after which a page begins; None for the first page.

    Args:
        key: the MAC key, 32 bytes.
        listed: the name of the list.
        cursor: the text that the caller sent; None for the first page.

    Raises:
        InvalidCursor: the cursor was altered, or it belongs to another list.
    """
    if cursor is None:
        return None
    try:
        content = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        after = content[_MAC_BYTES:].decode("utf-8")
    except (binascii.Error, UnicodeError) as error:
        raise InvalidCursor from error
    if not hmac.compare_digest(_mac(key, listed, after), content[:_MAC_BYTES]):
        raise InvalidCursor
    return after


def _mac(key: bytes, listed: str, after: str) -> bytes:
    return hmac.digest(key, f"cursor\0{listed}\0{after}".encode(), "sha256")[:_MAC_BYTES]
