"""The HS256 mode: one shared secret (JWT_SECRET) signs and verifies all tokens, and no key pair does.

The mode is for development, or for a deployment with a single API behind it. A program that can verify can also sign,
so no key is published. JWT_SECRET_PREVIOUS is the secret before this one: the tokens that it signed stay valid until
they expire.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Collection
from dataclasses import replace

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.keyring import Verifying
from doorward.keys.signing import KeySet, SigningKey, VerificationKey

MIN_BITS = 256
"""How many random bits a secret must have: as many as the hash has (RFC 7518 section 3.2)."""

_MIN_DISTINCT = 12
_PLACEHOLDERS = re.compile(
    r"secret|change.?me|password|placeholder|example|default|replace|insert|doorward|develop|qwerty|123456|abcdef",
    re.IGNORECASE,
)
_ALPHABETS = ((r"[0-9]+", 10), (r"[0-9a-f]+|[0-9A-F]+", 16), (r"[0-9a-z]+|[0-9A-Z]+", 36))


def check_secret(name: str, text: str) -> bytes:
    """Check a shared secret, and return it as a key.

    Args:
        name: the setting that holds the secret.
        text: the secret. Its UTF-8 bytes are the key, as in JWT libraries.

    Raises:
        Misconfigured: the secret is too short, no random text, or a placeholder. `reason` says which.
    """
    alphabet = next((size for pattern, size in _ALPHABETS if re.fullmatch(pattern, text)), 64)
    advice = "make one with: openssl rand -base64 32"
    if len(text) * math.log2(alphabet) < MIN_BITS:
        raise Misconfigured(reason=f"{name} is too short for {MIN_BITS} random bits; {advice}")
    if _PLACEHOLDERS.search(text):
        raise Misconfigured(reason=f"{name} is a placeholder; {advice}")
    if re.search(r"\s", text):
        raise Misconfigured(reason=f"{name} is a sentence, not random; {advice}")
    if len(set(text)) < _MIN_DISTINCT or text in (text + text)[1:-1]:
        raise Misconfigured(reason=f"{name} repeats itself; {advice}")
    return text.encode("utf-8")


class SharedSecret:
    """Signs and verifies with a shared secret.

    The issuer and the own API come from another identity.
    """

    def __init__(self, identity: Verifying, current: str, previous: str = "") -> None:
        """Take the secrets, and what knows the issuer.

        Args:
            identity: has the issuer and the own API.
            current: the secret that signs.
            previous: the secret before it, if its tokens may still be valid.

        Raises:
            Misconfigured: a secret is weak.
        """
        self._identity = identity
        keys = [check_secret("JWT_SECRET", current)]
        if previous:
            keys.append(check_secret("JWT_SECRET_PREVIOUS", previous))
        self._keys = {_kid(key): key for key in keys}
        self._current = _kid(keys[0])

    def key_set(self) -> KeySet:
        """Return the deployment's issuer and own API, without keys: no part of a shared secret is public."""
        return replace(self._identity.key_set(), keys=())

    def verification_key(self, kid: str) -> VerificationKey:
        """Return the secret with this `kid`.

        Raises:
            InvalidToken: there is no such secret.
        """
        if kid not in self._keys:
            raise InvalidToken(reason="unknown_kid")
        return VerificationKey(kid, "HS256", self._keys[kid])

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""
        return self.key_set().issuer

    def current(self, revoked_kids: Collection[str] = ()) -> SigningKey:
        """Return the secret that signs now.

        Raises:
            Unavailable: the secret is revoked.
        """
        if self._current in revoked_kids:
            raise Unavailable(reason="the shared secret is revoked; set another JWT_SECRET")
        return SigningKey(self._current, "HS256", self._keys[self._current])


def _kid(key: bytes) -> str:
    # The kid is a MAC and not a hash. So it says nothing about the key, and other programs derive other names from it.
    return f"hs-{hmac.digest(key, b'doorward kid', 'sha256').hex()[:16]}"
