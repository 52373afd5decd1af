"""What browsers are asked in WebAuthn's two ceremonies, in the JSON forms of WebAuthn Level 3 section 5.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorward.model import User
from doorward.model.factors import Passkey
from doorward.passkeys.answers import to_text
from doorward.rules.proofs import SECOND_FACTOR_SECONDS

ALGORITHMS: Final = (-7, -8, -257)
"""What a passkey may sign with, the best first: ES256, EdDSA, RS256 (IANA's numbers of COSE)."""

TIMEOUT_MS = SECOND_FACTOR_SECONDS * 1000


def creation(rp: Mapping[str, str], user: User, challenge: str, held: Sequence[Passkey]) -> dict[str, Any]:
    """Return what `navigator.credentials.create` takes.

    Args:
        rp: the domain and its name.
        user: whose passkey. The id is what the authenticator keeps; it says nothing of the person.
        challenge: that is to be answered.
        held: the passkeys that the user has.
    """
    return {
        "rp": dict(rp),
        "user": {
            "id": to_text(user.id.encode("ascii")),
            "name": user.username,
            "displayName": user.display_name or user.username,
        },
        "challenge": to_text(challenge.encode("ascii")),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": _descriptors(held),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,  # what browsers of Level 1 read
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request(rp_id: str, challenge: str, allowed: Sequence[Passkey]) -> dict[str, Any]:
    """Return what `navigator.credentials.get` takes.

    Args:
        rp_id: the domain.
        challenge: that is to be answered.
        allowed: the passkeys that may answer; none for any passkey of the domain.
    """
    return {
        "challenge": to_text(challenge.encode("ascii")),
        "timeout": TIMEOUT_MS,
        "rpId": rp_id,
        "allowCredentials": _descriptors(allowed),
        "userVerification": "required",
    }


def _descriptors(passkeys: Sequence[Passkey]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for passkey in passkeys:
        transports = {"transports": list(passkey.transports)} if passkey.transports else {}
        found.append({"type": "public-key", "id": passkey.id, **transports})
    return found
