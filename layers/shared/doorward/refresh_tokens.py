"""The opaque formats that stand for a session: the refresh token and the session cookie.

A refresh token proves itself by a MAC before any table is read, and is derived from the session and
its generation, so that the tables hold nothing which could be replayed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from doorward.errors import ForgedRefreshToken, InvalidGrant, SessionOver
from doorward.model import SessionId, SessionRef, TenantId, UserId

COOKIE_NAME = "__Host-doorward"

_TENANT = r"-|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ULID = r"[0-9A-HJKMNP-TV-Z]{26}"
_REFRESH = re.compile(rf"dwr1\.({_TENANT})\.({_ULID})\.({_ULID})\.(0|[1-9][0-9]{{0,8}})\.([A-Za-z0-9_-]{{43}})")
_COOKIE = re.compile(rf"dws1\.({_TENANT})\.({_ULID})\.({_ULID})\.([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class PresentedRefreshToken:
    """A refresh token whose MAC was right; whether it still lives, the session says."""

    ref: SessionRef
    generation: int


def mint_refresh_token(key: bytes, ref: SessionRef, generation: int) -> str:
    """Return the one refresh token of a session's generation.

    Args:
        key: the MAC key, 32 bytes.
        ref: the session.
        generation: how often the session was refreshed, from 0.
    """
    body = f"dwr1.{ref.tenant_id}.{ref.user_id}.{ref.session_id}.{generation}"
    return f"{body}.{_mac(key, body)}"


def read_refresh_token(keys: Sequence[bytes], text: str) -> PresentedRefreshToken:
    """Return what a refresh token stands for, once one of the keys proves it.

    Args:
        keys: the current MAC key and those still accepted.
        text: what the client sent.

    Raises:
        InvalidGrant: it has not the form of a refresh token.
        ForgedRefreshToken: no key proves it.
    """
    match = _REFRESH.fullmatch(text)
    if match is None:
        raise InvalidGrant(reason="malformed_refresh_token")
    tenant_id, user_id, session_id, generation, mac = match.groups()
    body = text.rpartition(".")[0]
    if not any(hmac.compare_digest(_mac(key, body), mac) for key in keys):
        raise ForgedRefreshToken(reason="forged_refresh_token")
    ref = SessionRef(TenantId(tenant_id), UserId(user_id), SessionId(session_id))
    return PresentedRefreshToken(ref, int(generation))


def mint_cookie(ref: SessionRef) -> tuple[str, str]:
    """Return a new cookie value for a session, and the hash that the session keeps of it."""
    secret = secrets.token_urlsafe(32)
    return f"dws1.{ref.tenant_id}.{ref.user_id}.{ref.session_id}.{secret}", _digest(secret)


def read_cookie(text: str) -> tuple[SessionRef, str]:
    """Return the session that a cookie names, and the hash of its secret.

    Raises:
        SessionOver: it is no session cookie.
    """
    match = _COOKIE.fullmatch(text)
    if match is None:
        raise SessionOver(reason="malformed_cookie")
    tenant_id, user_id, session_id, secret = match.groups()
    return SessionRef(TenantId(tenant_id), UserId(user_id), SessionId(session_id)), _digest(secret)


def same_secret(stored_hash: str | None, presented_hash: str) -> bool:
    """Compare two hashes of cookie secrets in constant time."""
    return stored_hash is not None and hmac.compare_digest(stored_hash, presented_hash)


def _mac(key: bytes, body: str) -> str:
    # The prefix `dwr1` inside the body separates this use of the key from any later one.
    return _b64(hmac.digest(key, body.encode("ascii"), "sha256"))


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash.
    return _b64(hashlib.sha256(secret.encode("ascii")).digest())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
