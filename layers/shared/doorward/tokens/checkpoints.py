"""Signed checkpoints of audit trails: how far a tenant's chain went at a time, and its hash there (docs/audit.md).

Whoever keeps a checkpoint can show later that the chain up to there is still the one of that time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from doorward.errors import InvalidToken
from doorward.keys.signing import SigningKey, VerificationKey
from doorward.model import TenantId
from doorward.tokens.form import check_signed

TYPE = "audit-checkpoint+jwt"
_MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a tenant's chain stood.

    Args:
        tenant_id: whose.
        number: of the last record.
        hash: of the last record.
        at: when, in epoch seconds.
    """

    tenant_id: TenantId
    number: int
    hash: str
    at: int


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, issuer: str) -> str:
    """Return a checkpoint in compact serialisation (RFC 7515)."""
    claims = {
        "iss": issuer,
        "iat": checkpoint.at,
        "tenant_id": checkpoint.tenant_id,
        "number": checkpoint.number,
        "hash": checkpoint.hash,
    }
    return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"typ": TYPE, "kid": key.kid})


def verify_checkpoint(text: str, key_of: Callable[[str], VerificationKey]) -> Checkpoint:
    """Verify a text, and return the checkpoint that it holds.

    The issuer is not compared: a deployment may get another name, and its trails are still its own.

    Args:
        text: in compact serialisation.
        key_of: returns the key with a `kid`, or raises InvalidToken.

    Raises:
        InvalidToken: the text is no checkpoint, or none of these keys signed it.
    """
    header = check_signed(text, _MAX_LENGTH)
    if header.get("typ") != TYPE or not isinstance(header.get("kid"), str):
        raise InvalidToken(reason="wrong_type")
    key = key_of(header["kid"])
    options: Any = {"require": ["iss", "iat", "tenant_id", "number", "hash"], "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(text, key.key, algorithms=[key.algorithm], options=options)
        return Checkpoint(TenantId(claims["tenant_id"]), int(claims["number"]), str(claims["hash"]), int(claims["iat"]))
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidToken(reason="malformed") from error
