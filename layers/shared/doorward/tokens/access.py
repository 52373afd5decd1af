"""Mint and verify access tokens: JSON Web Tokens in the profile of RFC 9068."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import jwt

from doorward.errors import InvalidToken
from doorward.keys.keyring import Verifying
from doorward.keys.signing import SigningKey
from doorward.model import (
    PLATFORM,
    AccessTokenClaims,
    Acr,
    Authentication,
    ClaimNames,
    Epochs,
    SessionId,
    Subject,
    TenantId,
    TokenId,
    UserId,
)
from doorward.rules.lifetimes import MAX_TOKEN_LIFE_SECONDS
from doorward.tokens.form import check_signed, has_low_s
from doorward.tokens.memory import SignedClaims, TokenMemory
from doorward.tokens.names import checked_name, checked_text, checked_username

if TYPE_CHECKING:
    from jwt.types import Options

TYPE = "at+jwt"
CLOCK_SKEW_SECONDS = 60
_MAX_SIGNINGS = 64
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.InvalidSignatureError, "bad_signature"),
    (jwt.InvalidAlgorithmError, "wrong_algorithm"),
    (jwt.InvalidAudienceError, "wrong_audience"),
    (jwt.InvalidIssuerError, "wrong_issuer"),
    (jwt.MissingRequiredClaimError, "missing_claim"),
    (jwt.DecodeError, "malformed"),
)

_REQUIRED = ["iss", "aud", "sub", "user_id", "client_id", "sid", "jti", "iat", "exp", "roles"]
_OPTIONS: Options = {
    "require": _REQUIRED,
    # The times are checked here, with the caller's clock and more strictly.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "strict_aud": True,
}
_OTHER_SPELLINGS = {"user_id": "userId", "tenant_id": "tenantId"}


def mint_access_token(
    claims: AccessTokenClaims, key: SigningKey, issuer: str, audience: str, claim_names: ClaimNames = "both"
) -> str:
    """Return a signed access token.

    Args:
        claims: what the token says. If `tenant_id` is PLATFORM, the token has no such claim.
        key: the active signing key.
        issuer: this deployment's issuer URL.
        audience: whom the token is for.
        claim_names: whether the token also spells the claims of who and where as `userId` and `tenantId`.

    Source: RFC 9068 section 2.
    """
    payload = _payload(claims, issuer, audience)
    if claim_names == "both":
        payload |= {_OTHER_SPELLINGS[name]: payload[name] for name in _OTHER_SPELLINGS if name in payload}
    for _ in range(_MAX_SIGNINGS):
        token = jwt.encode(payload, key.key, algorithm=key.algorithm, headers={"typ": TYPE, "kid": key.kid})
        if key.algorithm != "ES256" or has_low_s(token):
            return token
    raise AssertionError("no signature of the accepted form in so many")  # one in 2**64


def _payload(claims: AccessTokenClaims, issuer: str, audience: str) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": claims.username,
        "user_id": claims.user_id,
        "roles": list(claims.subject.roles),
        "client_id": claims.client_id,
        "sid": claims.session_id,
        "jti": claims.token_id,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "epoch": claims.epochs.user,
        "tenant_epoch": claims.epochs.tenant,
    }
    if claims.tenant_id != PLATFORM:
        payload["tenant_id"] = claims.tenant_id
    if claims.epochs.deployment:
        payload["deployment_epoch"] = claims.epochs.deployment
    if claims.password_change_required:
        payload["password_change_required"] = True
    if claims.second_factor_required:
        payload["second_factor_required"] = True
    if claims.authentication is not None:
        proved = claims.authentication
        payload |= {"auth_time": proved.at, "amr": list(proved.amr), "acr": proved.acr}
    if claims.metadata:
        payload["metadata"] = dict(claims.metadata)
    if claims.ext:
        payload["ext"] = dict(claims.ext)
    return payload


def verify_access_token(
    token: str, keyring: Verifying, audience: str, now_ms: int, memory: TokenMemory | None = None
) -> AccessTokenClaims:
    """Return the claims of an access token that this deployment signed and that has not expired.

    This function does not ask whether the token was revoked: see `doorward.rules.revocation`.

    Args:
        token: the compact serialisation.
        keyring: the keys that verify. The key decides the algorithm, and the header's `alg` must be the same.
        audience: the audience that the token must be for.
        now_ms: the time, in milliseconds.
        memory: of tokens that were verified before. Without one, each signature is checked each time.

    Raises:
        InvalidToken: the token is anything else (RFC 9068 section 4).
        NotInitialised: the deployment has no keys.
    """
    known = memory.get(token) if memory else None
    if known is not None and _still_signs(known, keyring, audience):
        return _alive(known, now_ms)
    try:
        signed = _signed(token, keyring, audience)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken(reason=_reason(error)) from error
    claims = _alive(signed, now_ms)
    if memory:
        memory.keep(token, signed)
    return claims


def _still_signs(known: SignedClaims, keyring: Verifying, audience: str) -> bool:
    """Return whether what made a token good is still so: the very same key, issuer and audience."""
    same_key = keyring.verification_key(known.key.kid).key is known.key.key
    return same_key and (keyring.key_set().issuer, audience) == (known.issuer, known.audience)


def _signed(token: str, keyring: Verifying, audience: str) -> SignedClaims:
    key = keyring.verification_key(_checked_kid(check_signed(token)))
    if key.algorithm == "ES256" and not has_low_s(token):
        raise InvalidToken(reason="other_signature_form")
    issuer = keyring.key_set().issuer
    payload = jwt.decode(
        token,
        key.key,
        algorithms=[key.algorithm],
        audience=audience,
        issuer=issuer,
        options=_OPTIONS,
    )
    return SignedClaims(_claims(payload, key.kid), _whole(payload.get("nbf", 0)), key, issuer, audience)


def _alive(signed: SignedClaims, now_ms: int) -> AccessTokenClaims:
    claims = signed.claims
    if claims.expires_at * 1000 <= now_ms:
        raise InvalidToken(reason="expired")
    if max(claims.issued_at, signed.not_before) > now_ms // 1000 + CLOCK_SKEW_SECONDS:
        raise InvalidToken(reason="issued_in_the_future")
    if claims.expires_at - claims.issued_at > MAX_TOKEN_LIFE_SECONDS:
        raise InvalidToken(reason="lives_too_long")
    return claims


def _reason(error: Exception) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "malformed_claim")


def _checked_kid(header: dict[str, Any]) -> str:
    kid = header.get("kid")
    if str(header.get("typ", "")).lower() not in {TYPE, f"application/{TYPE}"}:
        raise InvalidToken(reason="wrong_type")
    if not isinstance(kid, str):
        raise InvalidToken(reason="unacceptable_header")
    return kid


def _claims(payload: dict[str, Any], kid: str) -> AccessTokenClaims:
    roles = payload["roles"]
    if not isinstance(roles, list):
        raise TypeError("roles")
    claims = AccessTokenClaims(
        subject=Subject(
            user_id=UserId(checked_name("user_id", payload["user_id"])),
            username=checked_username(payload["sub"]),
            tenant_id=TenantId(checked_name("tenant_id", payload["tenant_id"])) if "tenant_id" in payload else PLATFORM,
            roles=tuple(checked_name("roles", role) for role in roles),
            session_id=SessionId(checked_name("sid", payload["sid"])),
        ),
        client_id=checked_text(payload["client_id"]),
        token_id=TokenId(checked_name("jti", payload["jti"])),
        epochs=Epochs(*(_whole(payload.get(name, 0)) for name in ("epoch", "tenant_epoch", "deployment_epoch"))),
        issued_at=_whole(payload["iat"]),
        expires_at=_whole(payload["exp"]),
        password_change_required=payload.get("password_change_required") is True,
        second_factor_required=payload.get("second_factor_required") is True,
        authentication=_authentication(payload) if "auth_time" in payload else None,
        metadata=_flat(payload.get("metadata", {}), str),
        ext=_flat(payload.get("ext", {}), str, int, float, bool),
        kid=kid,
    )
    for name, other in _OTHER_SPELLINGS.items():
        # Two readers who decide by different spellings must not see two callers.
        if other in payload and payload[other] != payload.get(name):
            raise InvalidToken(reason="contradictory_claims")
    return claims


def _authentication(payload: dict[str, Any]) -> Authentication:
    amr, acr = payload["amr"], payload["acr"]
    if not isinstance(amr, list) or acr not in get_args(Acr):
        raise TypeError("amr")
    return Authentication(_whole(payload["auth_time"]), tuple(checked_name("amr", name) for name in amr), acr)


def _flat(value: object, *kinds: type) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(type(member) in kinds for member in value.values()):
        raise TypeError("a claim is no object of plain values")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("a claim is not a whole number")
    return value
