"""Headers that callers send."""

from __future__ import annotations


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries an access token (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}
