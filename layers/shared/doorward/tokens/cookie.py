"""The session cookie: it holds a random secret, and the session holds the secret's hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from doorward.errors import SessionOver
from doorward.model import SessionId, SessionRef, TenantId, UserId
from doorward.tokens.names import TENANT, ULID

COOKIE_NAME = "__Host-doorward"

_COOKIE = re.compile(rf"dws1\.(-|{TENANT})\.({ULID})\.({ULID})\.([A-Za-z0-9_-]{{43}})")


def mint_cookie(ref: SessionRef) -> tuple[str, str]:
    """Return a new cookie value for a session, and the hash of its secret for the session to keep."""
    secret = secrets.token_urlsafe(32)
    return f"dws1.{ref.tenant_id}.{ref.user_id}.{ref.session_id}.{secret}", _digest(secret)


def read_cookie(text: str) -> tuple[SessionRef, str]:
    """Return the session that a cookie names, and the hash of its secret.

    Raises:
        SessionOver: the text is no session cookie.
    """
    match = _COOKIE.fullmatch(text)
    if match is None:
        raise SessionOver(reason="malformed_cookie")
    tenant_id, user_id, session_id, secret = match.groups()
    return SessionRef(TenantId(tenant_id), UserId(user_id), SessionId(session_id)), _digest(secret)


def same_secret(stored_hash: str | None, presented_hash: str) -> bool:
    """Return whether two hashes of cookie secrets are equal, in constant time.

    Args:
        stored_hash: the session's hash; None if the session has no cookie.
        presented_hash: the hash of the secret that the caller sent.
    """
    return stored_hash is not None and hmac.compare_digest(stored_hash, presented_hash)


def _digest(secret: str) -> str:
    # Nobody can guess 256 random bits, so they need no slow hash.
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
