"""What is remembered of access tokens that were verified before."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace

from doorward.keys.signing import VerificationKey
from doorward.model import AccessTokenClaims

MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """What a token says, and what made that true: a key, for an issuer and an audience.

    `not_before` is the token's `nbf`, in epoch seconds; 0 if it has none.
    """

    claims: AccessTokenClaims
    not_before: int
    key: VerificationKey
    issuer: str
    audience: str


class TokenMemory:
    """The last tokens whose form and signature were found to be right, under a hash of the whole token.

    A client sends the same token many times, and its signature stays right. The memory holds no decision: whether the
    token has expired, whether its key is still one of the issuer's and what is revoked is asked each time. Nobody fills
    it without valid tokens. All threads of a process may use the same object.
    """

    def __init__(self, most: int = MOST_TOKENS) -> None:
        """Take how many tokens are remembered."""
        self._most = most
        self._held: dict[bytes, SignedClaims] = {}
        self._changing = threading.Lock()

    def get(self, token: str) -> SignedClaims | None:
        """Return what is known of a token; nobody can change what is remembered."""
        found = self._held.get(_digest(token))
        return None if found is None else _apart(found)

    def keep(self, token: str, signed: SignedClaims) -> None:
        """Remember a token, in place of the oldest one if there are too many."""
        with self._changing:
            while len(self._held) >= self._most:
                del self._held[next(iter(self._held))]
            self._held[_digest(token)] = _apart(signed)


def _apart(signed: SignedClaims) -> SignedClaims:
    """Return a copy that shares nothing which can be changed."""
    claims = signed.claims
    return replace(signed, claims=replace(claims, metadata=dict(claims.metadata), ext=dict(claims.ext)))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
