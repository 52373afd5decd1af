"""Read what an issuer publishes, over HTTPS."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any, NoReturn
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.signing import ALGORITHMS, KeyPairAlgorithm, KeySet, PublicKey
from doorward.tokens.feed import MAX_LENGTH

_TIMEOUT_SECONDS = 5.0
_MAX_KEYS = 100
_LEAST_RSA_BITS = 2048  # RFC 7518 section 3.3
_MEMBERS: dict[KeyPairAlgorithm, tuple[str, ...]] = {
    "RS256": ("kty", "n", "e"),
    "ES256": ("kty", "crv", "x", "y"),
    "EdDSA": ("kty", "crv", "x"),
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirection, because keys may come only from the issuer."""

    def redirect_request(self, *_: object) -> None:
        """Return None, which makes a redirection an error."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def checked_url(url: str) -> str:
    """Return the URL if keys may be read from it.

    Raises:
        Misconfigured: the text is no URL, or the URL is neither https nor one of this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Misconfigured(reason="the issuer is no URL") from error
    if not host:
        raise Misconfigured(reason="the issuer is no URL")
    local = host in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        # Somebody between this machine and the issuer could replace the published keys.
        raise Misconfigured(reason="the issuer must be an https URL")
    return url


class IssuerName:
    """An identity that has only the issuer's name, and no keys."""

    def __init__(self, issuer: str) -> None:
        """Take the issuer's name."""
        self._key_set = KeySet(issuer, "", ())

    def key_set(self) -> KeySet:
        """Return a key set that has the issuer and no keys."""
        return self._key_set

    def verification_key(self, _: str) -> NoReturn:
        """Refuse every key id.

        Raises:
            InvalidToken: always.
        """
        raise InvalidToken(reason="unknown_kid")


def public_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys in a JSON Web Key Set (RFC 7517 section 5) that have a supported algorithm.

    A key that is malformed or of another kind is left out, and the others count.

    Raises:
        ValueError: the text is no JSON Web Key Set, or none of its keys could be this issuer's.
    """
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
        raise ValueError("it has no list of keys, or too long a one")
    found = tuple(key for key in map(_public_key, keys) if key is not None)
    if keys and not found:
        raise ValueError("it has no key that could be ours")
    return found


def _public_key(jwk: object) -> PublicKey | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    algorithm = next((name for name in ALGORITHMS if name == jwk.get("alg")), None)
    if algorithm is None:
        return None
    members: dict[str, Any] = {name: jwk.get(name) for name in _MEMBERS[algorithm]}
    if not all(isinstance(value, str) for value in members.values()) or not _is_key(algorithm, members):
        return None
    return PublicKey(kid=jwk["kid"], state="active", algorithm=algorithm, jwk=members, created_at_ms=0)


def _is_key(algorithm: KeyPairAlgorithm, members: dict[str, Any]) -> bool:
    try:
        key = PyJWK({**members, "alg": algorithm}).key
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, OverflowError):
        return False
    match algorithm:
        case "RS256":
            return isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
        case "ES256":
            return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        case "EdDSA":
            return isinstance(key, ed25519.Ed25519PublicKey)


def read_url(url: str, etag: str | None) -> tuple[str | None, str | None]:
    """Read a URL.

    Args:
        url: the URL.
        etag: the ETag of the text that the caller has, if there is one.

    Returns:
        The text, and its ETag if it has one. The text is None if it did not change.

    Raises:
        Unavailable: the URL cannot be read.
    """
    try:
        request = urllib.request.Request(url, headers={"If-None-Match": etag} if etag else {})  # noqa: S310 - the issuer's
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.read(MAX_LENGTH).decode("utf-8"), answer.headers.get("ETag")
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_MODIFIED:
            return None, etag
        raise Unavailable(reason=f"{url}: {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(reason=f"{url}: {type(error).__name__}") from error
