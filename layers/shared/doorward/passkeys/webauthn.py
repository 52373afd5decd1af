"""WebAuthn Level 3, the part of the relying party: what py_webauthn verifies, and what it leaves to others.

Only functions with the layer of passkeys import this. Each check that decides has a reason of its own; py_webauthn
then does all of them again, and those that need cryptography.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authenticator_data,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat, AttestationObject, AuthenticatorData

from doorward.errors import InvalidSecondFactor
from doorward.model import User
from doorward.model.factors import CredentialId, Passkey
from doorward.passkeys import answers, options
from doorward.passkeys.answers import Answer, to_bytes, to_text
from doorward.passkeys.ceremonies import Assertion

_ALGORITHMS = [COSEAlgorithmIdentifier(algorithm) for algorithm in options.ALGORITHMS]
_MAX_NAME_CHARACTERS = 256
_RSA_BITS = range(2048, 4096 + 1)
_MAX_RSA_EXPONENT = 2**32  # a long one makes each sign-in dear


@dataclass(frozen=True, slots=True)
class WebAuthn:
    """Makes the options of both ceremonies, and verifies what comes back.

    Args:
        rp_id: the domain that passkeys are for.
        rp_name: what people see beside it.
        origins: the pages that may ask for passkeys, each as browsers write it (`https://app.example.com`).
    """

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]

    def registration_options(self, user: User, challenge: str, held: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return what `navigator.credentials.create` takes, for a user with these passkeys."""
        return options.creation({"id": self.rp_id, "name": self.rp_name}, user, challenge, held)

    def sign_in_options(self, challenge: str, allowed: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return what `navigator.credentials.get` takes; none of `allowed` for any passkey of this domain."""
        return options.request(self.rp_id, challenge, allowed)

    def challenge_of(self, response: Mapping[str, Any]) -> str:
        """Return the challenge that an answer to either ceremony says it answers.

        Raises:
            InvalidSecondFactor: the answer is malformed.
        """
        return answers.either(response).client.challenge

    def read(self, response: Mapping[str, Any]) -> Assertion:
        """Return what an answer says of itself.

        Raises:
            InvalidSecondFactor: the answer is malformed.
        """
        answer = answers.assertion(response)
        return Assertion(answer.client.challenge, answer.credential_id, answer.user_id)

    def register(self, response: Mapping[str, Any], challenge: str, name: str, now_ms: int) -> Passkey:
        """Return the new passkey of an answer that is right (WebAuthn Level 3 section 7.1).

        Raises:
            InvalidSecondFactor: it is not.
        """
        if len(name) > _MAX_NAME_CHARACTERS:
            _refuse("long_name")
        answer = answers.registration(response)
        self._check_client(answer, "webauthn.create", challenge)
        with _refusing("malformed_attestation"):
            attested = parse_attestation_object(to_bytes(answer.members["attestationObject"]))
        self._check_authenticator(attested.auth_data)
        _check_attestation(attested, answer.credential_id)
        with _refusing("unproved_attestation"):
            verified = verify_registration_response(
                credential=answer.credential,
                expected_challenge=challenge.encode("ascii"),
                expected_rp_id=self.rp_id,
                expected_origin=list(self.origins),
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        return Passkey(
            id=answer.credential_id,
            rp_id=self.rp_id,
            public_key=to_text(verified.credential_public_key),
            sign_count=verified.sign_count,
            name=name,
            backed_up=verified.credential_backed_up,
            created_at_ms=now_ms,
            transports=answer.transports,
            aaguid=verified.aaguid,
        )

    def verify(self, response: Mapping[str, Any], challenge: str, passkey: Passkey, now_ms: int) -> Passkey:
        """Return a passkey as it is after it answered (WebAuthn Level 3 section 7.2).

        Whether the `userHandle` is the user's is for those to say who know the user: `read` tells it.

        Raises:
            InvalidSecondFactor: the answer is not right.
        """
        answer = answers.assertion(response)
        if answer.credential_id != passkey.id or passkey.rp_id != self.rp_id:
            _refuse("other_passkey")
        self._check_client(answer, "webauthn.get", challenge)
        with _refusing("malformed_authenticator_data"):
            said = parse_authenticator_data(to_bytes(answer.members["authenticatorData"]))
        self._check_authenticator(said)
        with _refusing("bad_signature"):
            verify_authentication_response(
                credential=answer.credential,
                expected_challenge=challenge.encode("ascii"),
                expected_rp_id=self.rp_id,
                expected_origin=list(self.origins),
                credential_public_key=to_bytes(passkey.public_key),
                credential_current_sign_count=0,  # below, once the signature proves what the counter is
                require_user_verification=True,
            )
        _check_changes(said, passkey)
        return replace(passkey, sign_count=said.sign_count, backed_up=said.flags.bs, last_used_at_ms=now_ms)

    def _check_client(self, answer: Answer, ceremony: str, challenge: str) -> None:
        """Refuse another ceremony, challenge or origin, and every page in a frame of another origin."""
        if answer.client.type != ceremony:
            _refuse("other_ceremony")
        if answer.client.challenge != challenge:
            _refuse("other_challenge")
        if answer.client.origin not in self.origins:
            _refuse("other_origin")
        if answer.client.framed:
            _refuse("framed_page")

    def _check_authenticator(self, said: AuthenticatorData) -> None:
        """Refuse another domain, and an authenticator that saw no user or did not verify who it was."""
        if said.rp_id_hash != hashlib.sha256(self.rp_id.encode("utf-8")).digest():
            _refuse("other_domain")
        if not said.flags.up:
            _refuse("user_not_present")
        if not said.flags.uv:
            _refuse("user_not_verified")
        if said.flags.bs and not said.flags.be:
            _refuse("impossible_backup")


def _check_attestation(attested: AttestationObject, credential_id: CredentialId) -> None:
    """Refuse another passkey than the answer names, keys that nobody asked for, and statements of makers.

    Browsers take statements of makers away where none is asked for; a signature by the passkey itself they leave
    (WebAuthn Level 3 section 5.1.3). So no certificate of a stranger is ever read.
    """
    data = attested.auth_data.attested_credential_data
    if data is None or to_text(data.credential_id) != credential_id:
        _refuse("other_passkey")
    by_itself = attested.fmt == AttestationFormat.PACKED and attested.att_stmt.x5c is None
    if attested.fmt != AttestationFormat.NONE and not by_itself:
        _refuse("unwanted_attestation")
    with _refusing("malformed_public_key"):
        decoded = decode_credential_public_key(data.credential_public_key)
        key = decoded_public_key_to_cryptography(decoded)
    if not _suits(key, decoded.alg):
        _refuse("unwanted_public_key")


def _suits(key: object, algorithm: int) -> bool:
    """Return whether a key is of an algorithm that was asked for, on its own curve (WebAuthn Level 3 section 5.8.5)."""
    if isinstance(key, EllipticCurvePublicKey):
        return algorithm == COSEAlgorithmIdentifier.ECDSA_SHA_256 and isinstance(key.curve, SECP256R1)
    if isinstance(key, Ed25519PublicKey):
        return algorithm == COSEAlgorithmIdentifier.EDDSA
    if isinstance(key, RSAPublicKey) and algorithm == COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256:
        return key.key_size in _RSA_BITS and key.public_numbers().e < _MAX_RSA_EXPONENT
    return False


def _check_changes(said: AuthenticatorData, passkey: Passkey) -> None:
    """Refuse what no authenticator does between two uses, but a copy of it may.

    Synchronised passkeys do not count: their counter is always 0.
    """
    if (said.sign_count or passkey.sign_count) and said.sign_count <= passkey.sign_count:
        _refuse("counter_did_not_rise")
    if passkey.backed_up and not said.flags.be:
        _refuse("other_backup_eligibility")


@contextmanager
def _refusing(reason: str) -> Iterator[None]:
    """Make one error of whatever py_webauthn, cbor2 and cryptography raise at what strangers send."""
    try:
        yield
    except Exception as error:
        raise InvalidSecondFactor(reason=reason) from error


def _refuse(reason: str) -> NoReturn:
    raise InvalidSecondFactor(reason=reason)
