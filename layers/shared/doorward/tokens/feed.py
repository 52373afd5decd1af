"""The feed of revocations: a signed text with all that an offline verifier needs to honour a logout.

The feed names users, services and tenants by hashes. Nobody can find a user in the feed, because the ids of users are
random. Somebody who guesses the name of a tenant or a service can see that something of it was revoked. The feed leaves
out revocations that can concern no live token.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from doorward.errors import InvalidToken
from doorward.keys.keyring import Verifying
from doorward.keys.signing import SigningKey
from doorward.model import LiveRevocations, Revocations, RevocationState, TenantId, UserId
from doorward.tokens.form import check_signed

TYPE = "revocations+jwt"
SIGNED_ANEW_SECONDS = 300
"""How often a feed is signed again although nothing changed, so that its readers know its age."""

MAX_LENGTH = 8_000_000


@dataclass(frozen=True, slots=True)
class Feed:
    """A verified feed, in the form that `doorward.rules.revocation` needs.

    Args:
        issued_at: when the feed was signed, in epoch seconds.
        users: what is revoked for each user or service, by the hash of its tenant and id.
        tenants: the least valid epoch of each tenant, by the hash of its id.
        kids: the ids of the revoked keys.
    """

    issued_at: int = 0
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tenants: Mapping[str, int] = field(default_factory=dict)
    kids: frozenset[str] = frozenset()
    deployment: int = 0

    def get(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        """Return what is revoked for a user or a service in a tenant."""
        state = self.users.get(_name(tenant_id, user_id), {})
        return Revocations(
            user=RevocationState(
                min_epoch=int(state.get("min_epoch", 0)),
                spared_session_id=state.get("spared_session_id"),
                spared_min_epoch=int(state.get("spared_min_epoch", 0)),
                sessions=frozenset(state.get("sessions", ())),
                tokens=frozenset(state.get("tokens", ())),
            ),
            tenant_min_epoch=int(self.tenants.get(_name(tenant_id), 0)),
            revoked_kids=self.kids,
            deployment_min_epoch=self.deployment,
        )


def compose(revoked: LiveRevocations) -> dict[str, Any]:
    """Return a feed's content.

    The same revocations always give the same content.
    """
    users = {
        _name(tenant_id, user_id): {name: value for name, value in _described(state).items() if value}
        for tenant_id, user_id, state in revoked.users
    }
    return {
        "users": {name: users[name] for name in sorted(users)},
        "tenants": dict(sorted((_name(tenant_id), epoch) for tenant_id, epoch in revoked.tenants)),
        "kids": sorted(revoked.kids),
        **({"deployment": revoked.deployment} if revoked.deployment else {}),
    }


def tag(content: Mapping[str, Any], now_ms: int) -> str:
    """Return the feed's tag.

    It changes when the content changes, and every `SIGNED_ANEW_SECONDS`.
    """
    period = now_ms // 1000 // SIGNED_ANEW_SECONDS
    return hashlib.sha256(f"{period} {json.dumps(content)}".encode()).hexdigest()[:32]


def sign_feed(content: Mapping[str, Any], key: SigningKey, issuer: str, now_ms: int) -> str:
    """Return the signed feed in compact serialisation (RFC 7515)."""
    claims = {"iss": issuer, "iat": now_ms // 1000, "revocations": content}
    return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"typ": TYPE, "kid": key.kid})


def verify_feed(text: str, keyring: Verifying) -> Feed:
    """Verify a text, and return the feed that it holds.

    Raises:
        InvalidToken: the text is no feed that this deployment signed.
    """
    header = check_signed(text, MAX_LENGTH)
    if header.get("typ") != TYPE or not isinstance(header.get("kid"), str):
        raise InvalidToken(reason="wrong_type")
    key = keyring.verification_key(header["kid"])
    options: Any = {"require": ["iss", "iat", "revocations"], "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(text, key.key, algorithms=[key.algorithm], issuer=keyring.key_set().issuer, options=options)
        return _feed(int(claims["iat"]), claims["revocations"])
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken(reason="malformed") from error


def _feed(issued_at: int, content: Mapping[str, Any]) -> Feed:
    """Return a feed of this shape, so that what reads it later cannot stumble."""
    users, tenants, kids = content["users"], content["tenants"], content["kids"]
    if not (isinstance(users, dict) and isinstance(tenants, dict) and _are(kids, str)):
        raise TypeError("a part of the feed is of another kind")
    if not (_are([*tenants.values(), content.get("deployment", 0)], int) and all(map(_is_state, users.values()))):
        raise TypeError("an entry of the feed is of another kind")
    return Feed(issued_at, users, tenants, frozenset(kids), content.get("deployment", 0))


def _is_state(state: object) -> bool:
    return (
        isinstance(state, dict)
        and _are([state.get("min_epoch", 0), state.get("spared_min_epoch", 0)], int)
        and isinstance(state.get("spared_session_id", ""), str)
        and _are(state.get("sessions", []), str)
        and _are(state.get("tokens", []), str)
    )


def _are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _described(state: RevocationState) -> dict[str, Any]:
    return {
        "min_epoch": state.min_epoch,
        "spared_session_id": state.spared_session_id,
        "spared_min_epoch": state.spared_min_epoch,
        "sessions": sorted(state.sessions),
        "tokens": sorted(state.tokens),
    }


def _name(tenant_id: TenantId, user_id: UserId | None = None) -> str:
    text = tenant_id if user_id is None else f"{tenant_id}\0{user_id}"
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode("ascii")
