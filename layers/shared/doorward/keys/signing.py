"""Signing keys, and the set of their public keys."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from doorward.errors import Misconfigured, NotInitialised
from doorward.keys.life import Key, KeyState

KeyPairAlgorithm = Literal["RS256", "ES256", "EdDSA"]
Algorithm = Literal["RS256", "ES256", "EdDSA", "HS256"]
ALGORITHMS: tuple[KeyPairAlgorithm, ...] = ("RS256", "ES256", "EdDSA")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey(Key):
    """One published key.

    Args:
        algorithm: the only algorithm that the key is used with.
        jwk: the public JSON Web Key (RFC 7517), without `kid`, `use` and `alg`.
        created_at_ms: when the key was made, in milliseconds.
    """

    algorithm: KeyPairAlgorithm
    jwk: Mapping[str, str]
    created_at_ms: int

    def published(self) -> dict[str, str]:
        """Return the key as the JSON Web Key Set shows it."""
        return {**self.jwk, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key that is published no more. What it signed is never accepted; but what it once witnessed can be checked.

    Args:
        key: as it was published.
        revoked: whether somebody else may have had it. Then it witnesses nothing.
    """

    key: PublicKey
    revoked: bool


@dataclass(frozen=True, slots=True)
class KeySet:
    """The deployment's public identity: issuer, own API and public keys.

    `version` counts the changes of the set.
    """

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
            NotInitialised: no key signs.
        """
        for key in self.keys:
            if key.state == "active":
                return key
        raise NotInitialised(reason="no active signing key")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A parsed key that verifies.

    The key decides the algorithm, and the token's header never does.
    """

    kid: str
    algorithm: Algorithm
    key: Any


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A parsed key that signs: a private key, or in HS256 mode the shared secret."""

    kid: str
    algorithm: Algorithm
    key: PrivateKey | bytes


def generate_key(algorithm: KeyPairAlgorithm, now_ms: int, state: KeyState = "active") -> tuple[PublicKey, str]:
    """Return a new key pair: the public key, and the private key as PKCS #8 PEM text.

    Args:
        algorithm: RS256 (2048 bits), ES256 or EdDSA (Ed25519).
        now_ms: the time, in milliseconds.
        state: the state that the key begins in.
    """
    private = _generate(algorithm)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")
    jwk = _public_jwk(private)
    public = PublicKey(
        kid=_thumbprint(jwk), state=state, since_ms=now_ms, algorithm=algorithm, jwk=jwk, created_at_ms=now_ms
    )
    return public, pem


def parse_private_key(pem: str) -> PrivateKey:
    """Return a private key that this deployment made.

    Raises:
        Misconfigured: the key is of a kind that no supported algorithm uses.
    """
    # This deployment made the key itself. To check that an RSA key is consistent would cost 50 ms at each cold start.
    key = serialization.load_pem_private_key(pem.encode("ascii"), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise Misconfigured(reason="the signing secret holds a key of an unsupported kind")
    return key


@dataclass(frozen=True, slots=True)
class PrivateKeys:
    """The content of the signing secret: by kid, the PEM text of each key and the time when it was made."""

    pems: Mapping[str, str]
    made_at_ms: Mapping[str, int]

    @classmethod
    def decode(cls, text: str | None) -> PrivateKeys:
        """Read the secret's text.

        The text is None for a secret without a value.
        """
        keys: dict[str, Any] = json.loads(text or "{}").get("keys", {})
        # Early versions of Doorward stored only the PEM text.
        entries: dict[str, Any] = {kid: {"pem": key} if isinstance(key, str) else key for kid, key in keys.items()}
        return cls(
            {kid: entry["pem"] for kid, entry in entries.items()},
            {kid: entry.get("made_at_ms", 0) for kid, entry in entries.items()},
        )

    def encode(self) -> str:
        """Return the secret's text."""
        return json.dumps(
            {"keys": {kid: {"pem": pem, "made_at_ms": self.made_at_ms[kid]} for kid, pem in self.pems.items()}}
        )

    def added(self, kid: str, pem: str, now_ms: int) -> PrivateKeys:
        """Return these keys and one more."""
        return PrivateKeys({**self.pems, kid: pem}, {**self.made_at_ms, kid: now_ms})

    def only(self, kids: Collection[str]) -> PrivateKeys:
        """Return only the keys with these ids."""
        return PrivateKeys({kid: pem for kid, pem in self.pems.items() if kid in kids}, self.made_at_ms)


def _generate(algorithm: KeyPairAlgorithm) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


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
