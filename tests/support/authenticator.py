"""An authenticator in software, with the browser around it: it answers both ceremonies, and misbehaves on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Algorithm = Literal["ES256", "EdDSA", "RS256"]
_NUMBERS = {"ES256": -7, "EdDSA": -8, "RS256": -257}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What is other than usual in one answer; None leaves it as it should be.

    Args:
        user_present: whether somebody touched the authenticator.
        user_verified: whether the authenticator verified who it was.
        rp_id: the domain that the authenticator says.
        origin: the page that the browser says.
        challenge: the challenge that the browser says; text as Doorward makes it, or bytes.
        type: the ceremony that the browser says.
        client: members of the client data, added or in place of others (`crossOrigin`, `topOrigin`).
        count: the counter.
        backed_up: whether it says that the passkey is on several devices.
        backup_eligible: whether it says that it could be.
        user_handle: whose passkey the answer says that it is; empty for nobody's.
        bad_signature: whether a bit of the signature is wrong.
        public_key: what it says is the public key, as CBOR encodes it.
        statement: the format and the statement of the attestation.
        transports: what the browser says of how it reaches it.
        id: the credential id, beside the one in the attested data.
    """

    user_present: bool = True
    user_verified: bool = True
    rp_id: str | None = None
    origin: str | None = None
    challenge: str | bytes | None = None
    type: str | None = None
    client: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    backed_up: bool | None = None
    backup_eligible: bool | None = None
    user_handle: bytes | None = None
    bad_signature: bool = False
    public_key: Any = None
    statement: tuple[str, Mapping[str, Any]] | None = None
    transports: Any = ("internal", "hybrid")
    id: bytes | None = None


@dataclass(slots=True)
class Held:
    """A passkey as the authenticator keeps it."""

    id: bytes
    key: PrivateKey
    algorithm: Algorithm
    user_handle: bytes
    count: int = 0


@dataclass(slots=True)
class SoftAuthenticator:
    """Answers WebAuthn's options with JSON, as a browser does.

    Args:
        rp_id: the domain of the page.
        origin: of the page.
        algorithm: the kind of keys that it makes.
        synchronised: whether its passkeys are on several devices; then they do not count.
    """

    rp_id: str
    origin: str
    algorithm: Algorithm = "ES256"
    synchronised: bool = False
    held: dict[bytes, Held] = field(default_factory=dict)
    id_bytes: int = 16

    def create(self, options: Mapping[str, Any], **quirks: Any) -> dict[str, Any]:
        """Make a passkey, and return what `navigator.credentials.create(...).toJSON()` does."""
        odd = Quirks(**quirks)
        made = Held(os.urandom(self.id_bytes), new_key(self.algorithm), self.algorithm, raw(options["user"]["id"]))
        self.held[made.id] = made
        public = cose(made.key) if odd.public_key is None else odd.public_key
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + cbor2.dumps(public)
        data = self._data(odd, made.count, 0x40) + attested
        client = self._client("webauthn.create", options, odd)
        kind, statement = odd.statement or ("none", {})
        if kind == "self":
            signature = _signed(made.key, data + hashlib.sha256(client).digest(), bad=odd.bad_signature)
            kind, statement = "packed", {"alg": _NUMBERS[self.algorithm], "sig": signature, **statement}
        attestation = cbor2.dumps({"fmt": kind, "attStmt": statement, "authData": data})
        response = {"clientDataJSON": text(client), "attestationObject": text(attestation)}
        listed = list(odd.transports) if isinstance(odd.transports, tuple) else odd.transports
        return _envelope(odd.id or made.id, {**response, "transports": listed})

    def get(self, options: Mapping[str, Any], **quirks: Any) -> dict[str, Any]:
        """Answer with a passkey that is allowed, and return what `navigator.credentials.get(...).toJSON()` does."""
        odd = Quirks(**quirks)
        allowed = [raw(each["id"]) for each in options["allowCredentials"]] or list(self.held)
        used = next(self.held[each] for each in allowed if each in self.held)
        used.count += 0 if self.synchronised else 1
        data = self._data(odd, used.count, 0)
        client = self._client("webauthn.get", options, odd)
        signature = _signed(used.key, data + hashlib.sha256(client).digest(), bad=odd.bad_signature)
        handle = used.user_handle if odd.user_handle is None else odd.user_handle
        members = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        response: dict[str, Any] = {name: text(content) for name, content in members.items()}
        return _envelope(odd.id or used.id, {**response, "userHandle": text(handle) if handle else None})

    def _client(self, ceremony: str, options: Mapping[str, Any], odd: Quirks) -> bytes:
        challenge = options["challenge"] if odd.challenge is None else _challenge_text(odd.challenge)
        said = {"type": odd.type or ceremony, "challenge": challenge, "origin": odd.origin or self.origin}
        return json.dumps({**said, "crossOrigin": False, **odd.client}, separators=(",", ":")).encode()

    def _data(self, odd: Quirks, count: int, more: int) -> bytes:
        """Return the authenticator data up to the counter (WebAuthn Level 3 section 6.1)."""
        backed_up = self.synchronised if odd.backed_up is None else odd.backed_up
        eligible = self.synchronised or backed_up if odd.backup_eligible is None else odd.backup_eligible
        flags = odd.user_present | odd.user_verified << 2 | eligible << 3 | backed_up << 4 | more
        counted = count if odd.count is None else odd.count
        domain = hashlib.sha256((odd.rp_id or self.rp_id).encode()).digest()
        return domain + bytes([flags]) + counted.to_bytes(4, "big")


def new_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def cose(key: PrivateKey) -> dict[int, Any]:
    """Return the public half as a COSE key (WebAuthn Level 3 section 6.5.1)."""
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes(*form)}
    numbers = public.public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        return {1: 3, 3: -257, -1: _unsigned(numbers.n), -2: _unsigned(numbers.e)}
    return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


def text(content: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def raw(written: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _challenge_text(challenge: str | bytes) -> str:
    return text(challenge.encode() if isinstance(challenge, str) else challenge)


def _signed(key: PrivateKey, content: bytes, *, bad: bool) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(content)
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(content, padding.PKCS1v15(), SHA256())
    else:
        signature = key.sign(content, ec.ECDSA(SHA256()))
    return signature[:-1] + bytes([signature[-1] ^ 1]) if bad else signature


def _envelope(credential_id: bytes, response: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": text(credential_id),
        "rawId": text(credential_id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": dict(response),
    }
