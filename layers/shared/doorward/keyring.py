"""Signing keys: the public key set, its states, and keys parsed once per environment."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from doorward.errors import InvalidToken, Misconfigured, NotInitialised
from doorward.model import Clock

Algorithm = Literal["RS256", "ES256", "EdDSA"]
KeyState = Literal["pending", "active", "retiring"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One published key; `jwk` is its public JSON Web Key (RFC 7517) without `use` and `alg`."""

    kid: str
    algorithm: Algorithm
    jwk: Mapping[str, str]
    state: KeyState
    created_at_ms: int

    def published(self) -> dict[str, str]:
        """Return the JWK as the JWKS shows it."""
        return {**self.jwk, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass(frozen=True, slots=True)
class KeySet:
    """The deployment's public identity: issuer, own API and keys; `version` counts its changes."""

    issuer: str
    own_api_id: str
    keys: tuple[PublicKey, ...]
    version: int = 0

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JSON Web Key Set (RFC 7517 section 5): pending, active and retiring keys."""
        return {"keys": [key.published() for key in self.keys]}

    def active(self) -> PublicKey:
        """Return the key that signs now.

        Raises:
            NotInitialised: none does.
        """
        for key in self.keys:
            if key.state == "active":
                return key
        raise NotInitialised(reason="no active signing key")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A parsed public key; the key fixes the algorithm, never the token's header."""

    kid: str
    algorithm: Algorithm
    key: Any


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A parsed private key."""

    kid: str
    algorithm: Algorithm
    key: PrivateKey


def generate_key(algorithm: Algorithm, now_ms: int, state: KeyState = "active") -> tuple[PublicKey, str]:
    """Return a new key: its public half, and its private half as PKCS #8 PEM text.

    Args:
        algorithm: RS256 (2048 bits), ES256 or EdDSA (Ed25519).
        now_ms: the time of its making, in milliseconds.
        state: the state it begins in.
    """
    private = _generate(algorithm)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")
    jwk = _public_jwk(private)
    return PublicKey(_thumbprint(jwk), algorithm, jwk, state, now_ms), pem


class Keyring:
    """The public keys, loaded lazily and kept in memory.

    A key is published (pending) longer before it signs than `max_age_ms`, so a cached set knows every
    key that signs; an unknown `kid` all the same causes one reload, at most one a minute.
    """

    def __init__(
        self,
        load: Callable[[], KeySet],
        clock: Clock,
        *,
        max_age_ms: int = 300_000,
        reload_interval_ms: int = 60_000,
    ) -> None:
        """Take the function that reads the key set from where it is stored."""
        self._load = load
        self._clock = clock
        self._max_age_ms = max_age_ms
        self._reload_interval_ms = reload_interval_ms
        self._key_set: KeySet | None = None
        self._loaded_at_ms = 0
        self._parsed: dict[str, VerificationKey] = {}

    def key_set(self) -> KeySet:
        """Return the key set, at most `max_age_ms` old.

        Raises:
            NotInitialised: the deployment has none yet.
        """
        if self._key_set is None or self._clock() - self._loaded_at_ms >= self._max_age_ms:
            return self._reload()
        return self._key_set

    def verification_key(self, kid: str) -> VerificationKey:
        """Return the parsed public key with this `kid`.

        Raises:
            InvalidToken: no such key is published.
        """
        key = self._find(self.key_set(), kid)
        if key is None and self._clock() - self._loaded_at_ms >= self._reload_interval_ms:
            key = self._find(self._reload(), kid)
        if key is None:
            raise InvalidToken(reason="unknown_kid")
        if kid not in self._parsed:
            parsed = PyJWK({**key.jwk, "alg": key.algorithm}).key
            self._parsed[kid] = VerificationKey(kid, key.algorithm, parsed)
        return self._parsed[kid]

    def _reload(self) -> KeySet:
        self._key_set = self._load()
        self._loaded_at_ms = self._clock()
        known = {key.kid for key in self._key_set.keys}
        self._parsed = {kid: key for kid, key in self._parsed.items() if kid in known}
        return self._key_set

    @staticmethod
    def _find(key_set: KeySet, kid: str) -> PublicKey | None:
        return next((key for key in key_set.keys if key.kid == kid), None)


class Signer:
    """The private key that signs now; only minting functions have one."""

    def __init__(self, keyring: Keyring, load_private_keys: Callable[[], Mapping[str, str]]) -> None:
        """Take the public key set, and the function that reads the private keys (kid to PEM)."""
        self._keyring = keyring
        self._load = load_private_keys
        self._parsed: dict[str, SigningKey] = {}

    @property
    def issuer(self) -> str:
        """Return the issuer identifier (RFC 8414 section 2)."""
        return self._keyring.key_set().issuer

    def current(self) -> SigningKey:
        """Return the active signing key, parsed.

        Raises:
            NotInitialised: there is no key set, or no active key.
            Misconfigured: the secret lacks the active key.
        """
        active = self._keyring.key_set().active()
        if active.kid not in self._parsed:
            pem = self._load().get(active.kid)
            if pem is None:
                raise Misconfigured(reason="the signing secret lacks the active key")
            self._parsed = {active.kid: SigningKey(active.kid, active.algorithm, _parse(pem))}
        return self._parsed[active.kid]


def _generate(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def _parse(pem: str) -> PrivateKey:
    # The consistency check of an RSA key costs 50 ms at each cold start; this deployment made the key.
    key = serialization.load_pem_private_key(pem.encode("ascii"), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise Misconfigured(reason="the signing secret holds a key of an unsupported kind")
    return key


def _public_jwk(private: PrivateKey) -> dict[str, str]:
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        jwk = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    return {name: str(jwk[name]) for name in _THUMBPRINT_MEMBERS[str(jwk["kty"])]}


def _thumbprint(jwk: Mapping[str, str]) -> str:
    # RFC 7638: the members in lexical order, without white space.
    text = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
