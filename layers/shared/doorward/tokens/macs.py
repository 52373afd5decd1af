"""The MAC in Doorward's opaque tokens."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence


def mac(key: bytes, body: str) -> str:
    """Return the MAC of a body as 43 characters of base64url.

    Args:
        key: 32 bytes.
        body: ASCII text whose prefix names the kind of token, and so separates the uses of one key.
    """
    return base64.urlsafe_b64encode(hmac.digest(key, body.encode("ascii"), "sha256")).rstrip(b"=").decode("ascii")


def proving_key(keys: Sequence[bytes], body: str, presented: str) -> bytes | None:
    """Return the key that made this MAC of the body, or None, in constant time for each key."""
    return next((key for key in keys if hmac.compare_digest(mac(key, body), presented)), None)
