"""Refresh tokens: opaque, proved by a MAC before any table is read.

A refresh token is derived from the session and its generation, so that the tables hold nothing which could be replayed.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from doorward.errors import ForgedRefreshToken, InvalidGrant
from doorward.keys.mac import MacKeyring
from doorward.model import SessionId, SessionRef, TenantId, UserId
from doorward.tokens.names import TENANT, ULID

_REFRESH = re.compile(rf"dwr1\.(-|{TENANT})\.({ULID})\.({ULID})\.(0|[1-9][0-9]{{0,8}})\.([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class ProvenRefreshToken:
    """A refresh token whose MAC was right; whether it still lives, the session says."""

    ref: SessionRef
    generation: int


class RefreshTokens:
    """Mints and reads the refresh tokens of a deployment."""

    def __init__(self, keyring: MacKeyring) -> None:
        """Take the keys whose MAC proves refresh tokens."""
        self._keyring = keyring

    def mint(self, ref: SessionRef, generation: int) -> str:
        """Return the refresh token of a session's generation.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return mint_refresh_token(self._keyring.keys()[0], ref, generation)

    def read(self, text: str) -> ProvenRefreshToken:
        """Return what a refresh token stands for.

        Raises:
            InvalidGrant: it is no refresh token of this deployment.
            NotInitialised: the deployment has no MAC key yet.
        """
        try:
            return read_refresh_token(self._keyring.keys(), text)
        except ForgedRefreshToken:
            keys = self._keyring.reload_after_miss()
            if keys is None:
                raise
            return read_refresh_token(keys, text)

    def derive(self, label: str) -> bytes:
        """Return 16 bytes that only this deployment can derive from a label.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return hmac.digest(self._keyring.keys()[0], f"derive.{label}".encode("ascii"), "sha256")[:16]


def mint_refresh_token(key: bytes, ref: SessionRef, generation: int) -> str:
    """Return the one refresh token of a session's generation.

    Args:
        key: the MAC key, 32 bytes.
        ref: the session.
        generation: how often the session was refreshed, from 0.
    """
    body = f"dwr1.{ref.tenant_id}.{ref.user_id}.{ref.session_id}.{generation}"
    return f"{body}.{_mac(key, body)}"


def read_refresh_token(keys: Sequence[bytes], text: str) -> ProvenRefreshToken:
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
    return ProvenRefreshToken(ref, int(generation))


def _mac(key: bytes, body: str) -> str:
    # The prefix `dwr1` inside the body separates this use of the key from any later one.
    return _b64(hmac.digest(key, body.encode("ascii"), "sha256"))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
