"""People who sign in: what they know, and how they show it."""

from __future__ import annotations

PASSWORD = "correct horse battery"


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries an access token (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}
