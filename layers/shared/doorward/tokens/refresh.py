"""Refresh tokens: opaque texts that a MAC proves before any table is read.

A refresh token is computed from the session and the session's generation. So no table holds a refresh token that a
thief could use.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from doorward.errors import ForgedRefreshToken, InvalidGrant
from doorward.keys.mac import MacKeyring
from doorward.model import SessionId, SessionRef, TenantId, UserId
from doorward.tokens.macs import mac, proving_key
from doorward.tokens.names import TENANT, ULID

_REFRESH = re.compile(rf"dwr1\.(-|{TENANT})\.({ULID})\.({ULID})\.(0|[1-9][0-9]{{0,8}})\.([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class ProvenRefreshToken:
    """A refresh token whose MAC is right.

    The session decides whether the token is still valid.
    """

    ref: SessionRef
    generation: int
    mac_kid: str = ""


class RefreshTokens:
    """Mints and reads the refresh tokens of a deployment, with the MAC keys of its keyring."""

    def __init__(self, keyring: MacKeyring) -> None:
        """Take the MAC keys that prove refresh tokens."""
        self._keyring = keyring

    def mint(self, ref: SessionRef, generation: int) -> str:
        """Return the refresh token of a session in this generation.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return mint_refresh_token(self._keyring.keys()[0], ref, generation)

    def read(self, text: str) -> ProvenRefreshToken:
        """Return the session and the generation of a refresh token.

        Raises:
            InvalidGrant: the text is no refresh token of this deployment.
            NotInitialised: the deployment has no MAC key yet.
        """
        try:
            proven, key = read_refresh_token(self._keyring.keys(), text)
        except ForgedRefreshToken:
            keys = self._keyring.reload_after_miss()
            if keys is None:
                raise
            proven, key = read_refresh_token(keys, text)
        return replace(proven, mac_kid=self._keyring.kid(key))

    def mask(self, text: str) -> str:
        """Return 32 hexadecimal digits that only this deployment can derive from a text, and nobody can turn back.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return hmac.digest(self._keyring.keys()[0], f"mask.{text}".encode(), "sha256").hex()[:32]

    def derive(self, label: str) -> bytes:
        """Return 16 bytes that only this deployment can derive from a label.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return hmac.digest(self._keyring.keys()[0], f"derive.{label}".encode("ascii"), "sha256")[:16]


def mint_refresh_token(key: bytes, ref: SessionRef, generation: int) -> str:
    """Return the only refresh token that a session has in this generation.

    Args:
        key: the MAC key, 32 bytes.
        ref: the session.
        generation: how often the session was refreshed, from 0.
    """
    body = f"dwr1.{ref.tenant_id}.{ref.user_id}.{ref.session_id}.{generation}"
    return f"{body}.{mac(key, body)}"


def read_refresh_token(keys: Sequence[bytes], text: str) -> tuple[ProvenRefreshToken, bytes]:
    """Check the MAC of a refresh token, and return the token's session and generation.

    Args:
        keys: the MAC key that makes tokens, and the other keys that are accepted.
        text: the text that the client sent.

    Raises:
        InvalidGrant: the text does not have the form of a refresh token.
        ForgedRefreshToken: no key proves the text.
    """
    match = _REFRESH.fullmatch(text)
    if match is None:
        raise InvalidGrant(reason="malformed_refresh_token")
    tenant_id, user_id, session_id, generation, presented = match.groups()
    body = text.rpartition(".")[0]
    key = proving_key(keys, body, presented)
    if key is None:
        raise ForgedRefreshToken(reason="forged_refresh_token")
    ref = SessionRef(TenantId(tenant_id), UserId(user_id), SessionId(session_id))
    return ProvenRefreshToken(ref, int(generation)), key
