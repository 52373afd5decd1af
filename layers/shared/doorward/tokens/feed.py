"""The form of the feed: a signed head, and parts that the head names by their hashes (docs/verifying.md).

One signature covers everything, because the head has the SHA-256 of each part. So a part never changes, and a key that
is revoked costs one signature. The feed names sessions, tokens, users and tenants by hashes. Nobody can find a user in
the feed, because the ids of users are random. Somebody who guesses the name of a tenant or a service can see that
something of it was revoked as a whole.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import jwt

from doorward.errors import InvalidToken
from doorward.keys.keyring import Verifying
from doorward.keys.signing import SigningKey
from doorward.model import Facts, Head, Lives, Load, Part, TenantCutoff, UserCutoff
from doorward.rules.facts import DIGEST_BYTES
from doorward.tokens.form import check_signed

TYPE = "revocations+jwt"
MAX_LENGTH = 8_000_000
_TEXT = 16
"""How many characters of base64url a digest has."""


def encode_part(facts: Facts) -> str:
    """Return the text of a part. The same entries always give the same text."""
    return json.dumps(_content(facts), separators=(",", ":"), sort_keys=True) + "\n"


def part_of(text: str, facts: Facts, last: int, *, lasting: bool, level: int = 0) -> Part:
    """Return what the head says of a part."""
    name = f"{'l' if lasting else 's'}-{_hash(text)}"
    return Part(name, last, facts.end, len(facts), len(text), level)


def decode_part(text: str, name: str) -> Facts:
    """Return the entries of a part.

    Raises:
        InvalidToken: the text is not the one that the name is the hash of, or no part.
    """
    if name.partition("-")[2] != _hash(text):
        raise InvalidToken(reason="altered_part")
    try:
        return _facts(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidToken(reason="malformed") from error


def sign_head(head: Head, key: SigningKey, issuer: str) -> str:
    """Return the signed head in compact serialisation (RFC 7515)."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "iat": head.issued_at,
        "number": head.number,
        "tail_from": head.tail_from,
        "tail": _content(head.tail),
        "parts": [asdict(part) for part in head.parts],
        "kids": dict(sorted(head.kids.items())),
        "deployment": {"epoch": head.deployment, "end": head.deployment_end},
        "writer": {
            "lives": [head.lives.access, head.lives.service, head.lives_until],
            "loads": [asdict(head.user_load), asdict(head.service_load)],
        },
    }
    return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"typ": TYPE, "kid": key.kid})


def read_head(text: str) -> Head:
    """Return a head that comes from the own store, whose signature nobody needs to verify.

    Raises:
        InvalidToken: the text is no head.
    """
    try:
        return _head(jwt.decode(text, options={"verify_signature": False}))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidToken(reason="malformed") from error


def verify_head(text: str, keyring: Verifying) -> Head:
    """Verify a text, and return the head that it holds.

    Raises:
        InvalidToken: the text is no head that this deployment signed.
    """
    header = check_signed(text, MAX_LENGTH)
    if header.get("typ") != TYPE or not isinstance(header.get("kid"), str):
        raise InvalidToken(reason="wrong_type")
    key = keyring.verification_key(header["kid"])
    options: Any = {"require": ["iss", "iat", "number", "tail"], "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(text, key.key, algorithms=[key.algorithm], issuer=keyring.key_set().issuer, options=options)
        head = _head(claims)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidToken(reason="malformed") from error
    if header["kid"] in head.kids:
        raise InvalidToken(reason="key_revoked")
    return head


def _content(facts: Facts) -> dict[str, Any]:
    users = {
        _text(digest): {
            "end": cutoff.end,
            "epoch": cutoff.epoch,
            **({"spared": _text(cutoff.spared), "spared_epoch": cutoff.spared_epoch} if cutoff.spared else {}),
        }
        for digest, cutoff in sorted(facts.users.items())
    }
    tenants = {
        _text(digest): {name: value for name, value in asdict(cutoff).items() if value}
        for digest, cutoff in sorted(facts.tenants.items())
    }
    ended = {str(end): _text(b"".join(sorted(digests))) for end, digests in sorted(facts.ended.items())}
    return {"ended": ended, "users": users, "tenants": tenants}


def _facts(content: Mapping[str, Any]) -> Facts:
    """Return entries of this form, so that what reads them later cannot stumble."""
    return Facts(
        {_whole(int(end)): _digests(text) for end, text in content["ended"].items()},
        {_digest(text): _user(found) for text, found in content["users"].items()},
        {_digest(text): _tenant(found) for text, found in content["tenants"].items()},
    )


def _digests(text: str) -> frozenset[bytes]:
    content = base64.b64decode(text, b"-_", validate=True)
    if len(content) % DIGEST_BYTES:
        raise ValueError("digests have twelve bytes each")
    return frozenset(content[start : start + DIGEST_BYTES] for start in range(0, len(content), DIGEST_BYTES))


def _user(found: Mapping[str, Any]) -> UserCutoff:
    spared = _digest(found["spared"]) if "spared" in found else None
    return UserCutoff(_whole(found["end"]), _whole(found["epoch"]), spared, _whole(found.get("spared_epoch", 0)))


def _tenant(found: Mapping[str, Any]) -> TenantCutoff:
    names = ("epoch", "users_before", "services_before")
    return TenantCutoff(_whole(found["end"]), *(_whole(found.get(name, 0)) for name in names))


def _head(claims: Mapping[str, Any]) -> Head:
    access, service, until = map(_whole, claims["writer"]["lives"])
    loads = [Load(_whole(found["at"]), dict(found["counts"])) for found in claims["writer"]["loads"]]
    return Head(
        number=_whole(claims["number"]),
        issued_at=_whole(claims["iat"]),
        tail_from=_whole(claims["tail_from"]),
        lives=Lives(access, service),
        lives_until=until,
        tail=_facts(claims["tail"]),
        parts=tuple(_part(found) for found in claims["parts"]),
        kids={kid: _whole(end) for kid, end in claims["kids"].items()},
        deployment=_whole(claims["deployment"]["epoch"]),
        deployment_end=_whole(claims["deployment"]["end"]),
        user_load=loads[0],
        service_load=loads[1],
    )


def _part(found: Mapping[str, Any]) -> Part:
    if not isinstance(found["name"], str):
        raise TypeError("a part's name is a text")
    return Part(found["name"], *(_whole(found[name]) for name in ("last", "end", "entries", "size", "level")))


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number is expected")
    return value


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _digest(text: str) -> bytes:
    if len(text) != _TEXT:
        raise ValueError("a digest has twelve bytes")
    return base64.b64decode(text, b"-_", validate=True)


def _hash(text: str) -> str:
    return _text(hashlib.sha256(text.encode()).digest())
