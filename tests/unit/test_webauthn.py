"""The two ceremonies of WebAuthn Level 3, and each refusal of its sections 7.1 and 7.2 that Doorward promises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from webauthn.helpers import parse_authentication_options_json, parse_registration_options_json
from webauthn.helpers.structs import AuthenticatorTransport

from doorward.errors import InvalidSecondFactor
from doorward.model import User
from doorward.model.factors import CredentialId, Passkey
from doorward.passkeys.answers import TRANSPORTS
from doorward.passkeys.webauthn import WebAuthn
from tests.support.authenticator import Algorithm, SoftAuthenticator, cose, new_key, raw, text
from tests.support.makers import NOW, user

RP_ID, ORIGIN = "example.com", "https://app.example.com"
CHALLENGE = "dwk1.registration.01ARZ3NDEKTSV4RRFFQ69G5FAV.abc_DEF-123"
LATER = NOW + 1000


@dataclass
class Site:
    """A site with one user who has one authenticator."""

    webauthn: WebAuthn = field(default_factory=lambda: WebAuthn(RP_ID, "Example", (ORIGIN, "https://example.com")))
    owner: User = field(default_factory=lambda: user(username="anna", display_name="Anna A."))
    device: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(RP_ID, ORIGIN))

    def created(self, **quirks: Any) -> dict[str, Any]:
        options = self.webauthn.registration_options(self.owner, CHALLENGE, ())
        return self.device.create(options, **quirks)

    def registered(self, **quirks: Any) -> Passkey:
        return self.webauthn.register(self.created(**quirks), CHALLENGE, "laptop", NOW)

    def answered(self, *passkeys: Passkey, **quirks: Any) -> dict[str, Any]:
        return self.device.get(self.webauthn.sign_in_options(CHALLENGE, passkeys), **quirks)

    def verified(self, passkey: Passkey, **quirks: Any) -> Passkey:
        return self.webauthn.verify(self.answered(passkey, **quirks), CHALLENGE, passkey, LATER)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def passkey(site: Site) -> Passkey:
    return site.registered()


def _refusal(done: Any, *arguments: Any, **quirks: Any) -> str:
    with pytest.raises(InvalidSecondFactor) as refused:
        done(*arguments, **quirks)
    return refused.value.reason


# ---- What is asked --------------------------------------------------------------------------------------------------


def test_a_new_passkey_is_asked_for_discoverable_with_a_verified_user_and_without_attestation(site: Site) -> None:
    asked = json.loads(json.dumps(site.webauthn.registration_options(site.owner, CHALLENGE, ())))
    assert asked["rp"] == {"id": RP_ID, "name": "Example"}
    assert [(each["type"], each["alg"]) for each in asked["pubKeyCredParams"]] == [
        ("public-key", -7),
        ("public-key", -8),
        ("public-key", -257),
    ]
    assert (asked["timeout"], asked["attestation"], asked["excludeCredentials"]) == (300_000, "none", [])
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }


def test_the_user_handle_is_the_users_id_and_names_are_what_the_user_knows(site: Site) -> None:
    asked = site.webauthn.registration_options(site.owner, CHALLENGE, ())["user"]
    assert (raw(asked["id"]), asked["name"], asked["displayName"]) == (site.owner.id.encode(), "anna", "Anna A.")
    unnamed = site.webauthn.registration_options(replace(site.owner, display_name=None), CHALLENGE, ())["user"]
    assert unnamed["displayName"] == "anna"


def test_the_challenge_is_the_ascii_text_of_doorwards(site: Site) -> None:
    asked = site.webauthn.registration_options(site.owner, CHALLENGE, ()), site.webauthn.sign_in_options(CHALLENGE, ())
    assert [raw(each["challenge"]) for each in asked] == [CHALLENGE.encode("ascii")] * 2


def test_py_webauthn_reads_both_kinds_of_options_with_the_held_passkeys(site: Site, passkey: Passkey) -> None:
    creation = parse_registration_options_json(
        json.dumps(site.webauthn.registration_options(site.owner, CHALLENGE, [passkey]))
    )
    request = parse_authentication_options_json(json.dumps(site.webauthn.sign_in_options(CHALLENGE, [passkey])))
    assert creation.challenge == request.challenge == CHALLENGE.encode()
    for listed in (creation.exclude_credentials, request.allow_credentials):
        assert listed
        assert [each.id for each in listed] == [raw(passkey.id)]
        assert set(listed[0].transports or ()) == {AuthenticatorTransport.HYBRID, AuthenticatorTransport.INTERNAL}
    assert (request.rp_id, request.timeout) == (RP_ID, 300_000)
    assert request.user_verification == "required"


# ---- What is right --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
@pytest.mark.parametrize("kind", ["none", "self"])
def test_a_passkey_of_each_algorithm_is_registered_and_signs_in(site: Site, algorithm: Algorithm, kind: str) -> None:
    site.device.algorithm = algorithm
    made = site.registered(statement=(kind, {}))
    used = site.verified(made)
    assert used == replace(made, sign_count=1, last_used_at_ms=LATER)


def test_what_is_kept_of_a_passkey(site: Site) -> None:
    made = site.registered(transports=("usb", "internal", "carrier-pigeon"))
    (held,) = site.device.held.values()
    assert made == Passkey(
        id=CredentialId(text(held.id)),
        rp_id=RP_ID,
        public_key=made.public_key,
        sign_count=0,
        name="laptop",
        backed_up=False,
        created_at_ms=NOW,
        transports=("internal", "usb"),
        aaguid="00000000-0000-0000-0000-000000000000",
    )
    assert "=" not in made.id + made.public_key


def test_the_words_for_transports_are_those_of_py_webauthn() -> None:
    assert {each.value for each in AuthenticatorTransport} == TRANSPORTS


def test_an_answer_says_its_challenge_its_passkey_and_its_user(site: Site, passkey: Passkey) -> None:
    said = site.webauthn.read(site.answered())
    assert (said.challenge, said.credential_id, said.user_id) == (CHALLENGE, passkey.id, site.owner.id)


def test_an_answer_may_say_no_user(site: Site, passkey: Passkey) -> None:
    said = site.answered(passkey, user_handle=b"")
    assert site.webauthn.read(said).user_id is None
    said["response"]["userHandle"] = ""
    assert site.webauthn.read(said).user_id is None
    del said["response"]["userHandle"]
    assert site.webauthn.read(said).user_id is None


def test_the_challenge_of_an_answer_to_either_ceremony_is_read(site: Site) -> None:
    assert site.webauthn.challenge_of(site.created()) == CHALLENGE
    assert site.webauthn.challenge_of(site.answered()) == CHALLENGE


def test_a_second_origin_may_ask_too(site: Site, passkey: Passkey) -> None:
    assert site.verified(passkey, origin="https://example.com").last_used_at_ms == LATER


def test_a_synchronised_passkey_never_counts_and_signs_in_again_and_again(site: Site) -> None:
    site.device.synchronised = True
    made = site.registered()
    assert made.backed_up
    for _ in range(2):
        made = site.verified(made)
        assert made.sign_count == 0


def test_whether_a_passkey_is_backed_up_is_what_it_said_last(site: Site) -> None:
    made = site.registered(backup_eligible=True)
    assert not made.backed_up
    made = site.verified(made, backed_up=True)
    assert made.backed_up
    assert not site.verified(made, backed_up=False, backup_eligible=True).backed_up


# ---- What both ceremonies refuse ------------------------------------------------------------------------------------

REFUSALS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "an answer to the other ceremony": ("other_ceremony", {"type": "webauthn.sign"}),
    "another challenge": ("other_challenge", {"challenge": CHALLENGE + "x"}),
    "a challenge of other bytes": ("malformed_challenge", {"challenge": b"\xff\x00"}),
    "another origin": ("other_origin", {"origin": "https://evil.example"}),
    "an origin with a path": ("other_origin", {"origin": f"{ORIGIN}/"}),
    "an origin below an allowed one": ("other_origin", {"origin": "https://x.app.example.com"}),
    "an origin that is no text": ("other_origin", {"client": {"origin": [ORIGIN]}}),
    "a page in a frame of another origin": ("framed_page", {"client": {"crossOrigin": True}}),
    "a word instead of whether it is in a frame": ("framed_page", {"client": {"crossOrigin": "false"}}),
    "an origin on top": ("framed_page", {"client": {"topOrigin": "https://evil.example"}}),
    "its own origin on top": ("framed_page", {"client": {"topOrigin": ORIGIN}}),
    "another domain": ("other_domain", {"rp_id": "evil.example"}),
    "an absent user": ("user_not_present", {"user_present": False}),
    "a user who was not verified": ("user_not_verified", {"user_verified": False}),
    "a backup of what cannot be backed up": ("impossible_backup", {"backed_up": True, "backup_eligible": False}),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_registration_refuses(site: Site, case: str) -> None:
    reason, quirks = REFUSALS[case]
    assert _refusal(site.registered, **quirks) == reason


@pytest.mark.parametrize("case", REFUSALS)
def test_a_sign_in_refuses(site: Site, passkey: Passkey, case: str) -> None:
    reason, quirks = REFUSALS[case]
    assert _refusal(site.verified, passkey, **quirks) == reason


def test_neither_ceremony_takes_an_answer_to_the_other(site: Site, passkey: Passkey) -> None:
    assert _refusal(site.registered, type="webauthn.get") == "other_ceremony"
    assert _refusal(site.verified, passkey, type="webauthn.create") == "other_ceremony"


# ---- What a registration refuses ------------------------------------------------------------------------------------


def _ec(curve: ec.EllipticCurve, **other: Any) -> dict[int, Any]:
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    identifier = {"secp256r1": 1, "secp384r1": 2}[curve.name]
    return {1: 2, 3: -7, -1: identifier, -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}


def _rsa(bits: int, exponent: int = 65537) -> dict[int, Any]:
    odd = (1 << bits - 1 | 1).to_bytes(bits // 8, "big")
    return {1: 3, 3: -257, -1: odd, -2: exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")}


P256 = _ec(ec.SECP256R1())
OKP = cose(new_key("EdDSA"))
KEYS: Mapping[str, tuple[str, Any]] = {
    "of the curve P-384": ("unwanted_public_key", _ec(ec.SECP384R1())),
    "of ES512": ("unwanted_public_key", {**P256, 3: -36}),
    "of an elliptic curve for EdDSA": ("unwanted_public_key", {**P256, 3: -8}),
    "of an elliptic curve for RS256": ("unwanted_public_key", {**P256, 3: -257}),
    "of Ed25519 for ES256": ("malformed_public_key", {**OKP, 3: -7}),
    "of PS256": ("unwanted_public_key", {**_rsa(2048), 3: -37}),
    "of RSA with SHA-1": ("unwanted_public_key", {**_rsa(2048), 3: -65535}),
    "of RSA for ES256": ("unwanted_public_key", {**_rsa(2048), 3: -7}),
    "of RSA with 1024 bits": ("unwanted_public_key", _rsa(1024)),
    "of RSA with 8192 bits": ("unwanted_public_key", _rsa(8192)),
    "of RSA with a long exponent": ("unwanted_public_key", _rsa(2048, 2**32 + 1)),
    "that is no point of the curve": ("malformed_public_key", {**P256, -3: b"\x01" * 32}),
    "without a coordinate": ("malformed_public_key", {1: 2, 3: -7, -1: 1, -2: b"\x01" * 32}),
    "that is a number": ("malformed_public_key", 4),
    "that is a list": ("malformed_public_key", [1, 2]),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_registration_refuses_a_key(site: Site, case: str) -> None:
    reason, key = KEYS[case]
    assert _refusal(site.registered, public_key=key) == reason


@pytest.mark.parametrize("kind", ["fido-u2f", "tpm", "apple", "android-key", "android-safetynet", "compound", ""])
def test_a_registration_refuses_statements_of_makers(site: Site, kind: str) -> None:
    assert _refusal(site.registered, statement=(kind, {"sig": b"x"})) == "unwanted_attestation"


def test_a_registration_reads_no_certificate_of_a_stranger(site: Site) -> None:
    assert _refusal(site.registered, statement=("self", {"x5c": [b"x"]})) == "unwanted_attestation"


def test_a_registration_refuses_a_wrong_signature_by_the_passkey_itself(site: Site) -> None:
    assert _refusal(site.registered, statement=("self", {}), bad_signature=True) == "unproved_attestation"


def test_a_registration_refuses_a_statement_where_there_is_none(site: Site) -> None:
    assert _refusal(site.registered, statement=("none", {"sig": b"x"})) == "unproved_attestation"


def test_a_registration_refuses_another_passkey_than_the_attested_one(site: Site) -> None:
    assert _refusal(site.registered, id=b"another") == "other_passkey"


def test_a_credential_id_has_at_most_1023_bytes(site: Site) -> None:
    site.device.id_bytes = 1023
    assert len(raw(site.registered().id)) == 1023
    site.device.id_bytes = 1024
    assert _refusal(site.registered) == "malformed_credential_id"


def test_the_longest_passkey_of_rsa_fits(site: Site) -> None:
    site.device.id_bytes, site.device.algorithm = 1023, "RS256"
    modulus = rsa.generate_private_key(65537, 4096).public_key().public_numbers().n.to_bytes(512, "big")
    assert site.registered(public_key={1: 3, 3: -257, -1: modulus, -2: b"\x01\x00\x01"})


def test_a_name_without_bounds_is_refused(site: Site) -> None:
    assert _refusal(site.webauthn.register, site.created(), CHALLENGE, "x" * 257, NOW) == "long_name"


# ---- What a sign-in refuses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
def test_a_sign_in_refuses_a_wrong_signature(site: Site, algorithm: Algorithm) -> None:
    site.device.algorithm = algorithm
    assert _refusal(site.verified, site.registered(), bad_signature=True) == "bad_signature"


def test_a_sign_in_refuses_the_signature_of_another_passkey(site: Site, passkey: Passkey) -> None:
    other = site.registered()
    assert _refusal(site.verified, replace(passkey, public_key=other.public_key)) == "bad_signature"


def test_a_sign_in_refuses_another_passkey_than_the_one_that_is_checked(site: Site, passkey: Passkey) -> None:
    assert _refusal(site.verified, passkey, id=b"another") == "other_passkey"


def test_a_sign_in_refuses_a_passkey_of_a_former_domain(site: Site, passkey: Passkey) -> None:
    assert _refusal(site.verified, replace(passkey, rp_id="old.example")) == "other_passkey"


@pytest.mark.parametrize(("before", "now"), [(5, 5), (5, 4), (5, 0), (2**32 - 1, 0)])
def test_a_counter_that_did_not_rise_is_that_of_a_copy(site: Site, passkey: Passkey, before: int, now: int) -> None:
    assert _refusal(site.verified, replace(passkey, sign_count=before), count=now) == "counter_did_not_rise"


@pytest.mark.parametrize(("before", "now"), [(0, 0), (0, 1), (5, 6), (5, 2**32 - 1)])
def test_a_counter_that_rose_or_is_none_is_kept(site: Site, passkey: Passkey, before: int, now: int) -> None:
    assert site.verified(replace(passkey, sign_count=before), count=now).sign_count == now


def test_nobody_hears_of_a_counter_without_the_key(site: Site, passkey: Passkey) -> None:
    held = replace(passkey, sign_count=5)
    assert _refusal(site.verified, held, count=5, bad_signature=True) == "bad_signature"


def test_a_passkey_that_was_on_several_devices_stays_one_that_can_be(site: Site) -> None:
    made = site.registered(backed_up=True)
    assert _refusal(site.verified, made, backed_up=False, backup_eligible=False) == "other_backup_eligibility"


@pytest.mark.parametrize("handle", [b"x", b"\xff" * 26, b"01arz3ndektsv4rrffq69g5fav", b"0" * 27, b"0" * 26 + b"\n"])
def test_a_user_handle_that_is_no_users_id_is_refused(site: Site, passkey: Passkey, handle: bytes) -> None:
    assert _refusal(site.webauthn.read, site.answered(passkey, user_handle=handle)) == "malformed_user_handle"


def test_a_kept_key_that_is_damaged_proves_nothing(site: Site, passkey: Passkey) -> None:
    for key in ("", "x", "AAAA", passkey.public_key[:-8]):
        with pytest.raises(InvalidSecondFactor):
            site.verified(replace(passkey, public_key=key))
