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


def is_proved(keys: Sequence[bytes], body: str, presented: str) -> bool:
    """Return whether one of the keys made this MAC of the body, in constant time for each key."""
    return any(hmac.compare_digest(mac(key, body), presented) for key in keys)
