"""What keeps a dump of the tables from opening anything: sealed secrets, and MACs in place of recovery codes."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from doorward.errors import Misconfigured
from doorward.model import UserId

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class FactorSecrets:
    """Seals secrets of authenticator apps, and makes the MACs of recovery codes.

    Args:
        root: returns the deployment's key that never changes (docs/decisions/0024): what is sealed lives as long as
            its user. Two keys are derived from it (RFC 5869), so no use of one tells anything of another.
    """

    root: Callable[[], bytes]

    def seal(self, user_id: UserId, secret: bytes) -> str:
        """Return a secret that only this deployment opens, and only for this user."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(_derived(self.root(), b"doorward totp")).encrypt(nonce, secret, user_id.encode("ascii"))
        return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, user_id: UserId, sealed: str) -> bytes:
        """Return the secret that was sealed for a user.

        Raises:
            Misconfigured: another key sealed it, or for another user.
        """
        raw = base64.urlsafe_b64decode(sealed)
        try:
            key = AESGCM(_derived(self.root(), b"doorward totp"))
            return key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], user_id.encode("ascii"))
        except InvalidTag as error:
            raise Misconfigured(reason="a sealed secret does not open") from error

    def mac(self, user_id: UserId, recovery_code: str) -> str:
        """Return what is kept of a recovery code, as 43 characters of base64url."""
        body = f"{user_id}.{recovery_code}".encode()
        digest = hmac.digest(_derived(self.root(), b"doorward recovery codes"), body, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@cache
def _derived(root: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(root)
