"""Write docs/feed/vectors.json, with which verifiers in other languages test themselves: `make feed-vectors`.

The key comes from a text that everybody knows, so that the file is the same each time. Nobody else may use it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from doorward.feed.publish import PublishFeed
from doorward.keys.signing import SigningKey
from doorward.model import (
    PLATFORM,
    AccessTokenClaims,
    Epochs,
    Head,
    Lives,
    Revoked,
    SessionId,
    Subject,
    TenantCutoff,
    TenantId,
    TokenId,
    UserId,
)
from doorward.rules.facts import tenant_digest
from doorward.rules.lifetimes import cutoff_end, session_entry_end
from doorward.stores import StoredHead
from doorward.tokens.access import mint_access_token
from doorward.tokens.feed import read_head, sign_head

FILE = Path(__file__).resolve().parents[1] / "docs" / "feed" / "vectors.json"
ISSUER, AUDIENCE = "https://id.example.com", "doorward"
NOW = 1_800_000_000
ACME, GLOBEX, CROWDED = TenantId("acme"), TenantId("globex"), TenantId("crowded")


def _key(kid: str) -> SigningKey:
    seed = hashlib.sha256(f"doorward test vectors: {kid}".encode()).digest()
    return SigningKey(kid, "EdDSA", Ed25519PrivateKey.from_private_bytes(seed))


KEY, OTHER = _key("k1"), _key("k2")


class _Signer:
    issuer = ISSUER

    def current(self, _: object = ()) -> SigningKey:
        return KEY


class _Store:
    """Keeps the feed, and every head that there was."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.parts: dict[str, str] = {}

    def get_head(self) -> StoredHead | None:
        return StoredHead(self.heads[-1], str(len(self.heads))) if self.heads else None

    def put_head(self, text: str, _: str | None) -> bool:
        self.heads.append(text)
        return True

    def get_part(self, name: str) -> str | None:
        return self.parts.get(name)

    def put_part(self, name: str, text: str) -> None:
        self.parts[name] = text


class _Nothing:
    def list_all(self) -> Iterator[Sequence[Revoked]]:
        yield []


def vectors() -> dict[str, Any]:
    """Return heads, parts and tokens, with what a verifier says of them."""
    store, clock = _Store(), [NOW * 1000]
    publish = PublishFeed(store, _Nothing(), _Signer(), lambda: clock[0], Lives(900, 86_400), tail_entries=6)
    publish.keep()
    publish.add(_first())
    clock[0] += 10_000
    publish.add([_ended(GLOBEX, f"user-{number}", "s") for number in range(8)])
    clock[0] += 10_000
    publish.add(_last())
    empty, first, parted, newest = store.heads
    return {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks": {"keys": [_public(KEY), _public(OTHER)]},
        "parts": store.parts,
        "reads": _reads(empty, first, parted, _crowded(newest)),
        "tokens": _tokens(),
    }


def _id(word: str) -> str:
    """Return a word as the id of a user, a session or a token, which is a ULID; a service's id stays."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    found = "".join(letters[byte % 32] for byte in hashlib.sha256(word.encode()).digest()[:25])
    return word if word.startswith("service:") else f"0{found}"


def _user(word: str) -> UserId:
    return UserId(_id(word))


def _ended(tenant_id: TenantId, user: str, session: str) -> Revoked:
    return Revoked(tenant_id, _user(user), sessions={_id(session): session_entry_end(_user(user), NOW * 1000)})


def _first() -> list[Revoked]:
    return [
        _ended(ACME, "anna", "ended"),
        Revoked(ACME, _user("anna"), tokens={_id("revoked"): NOW + 600}),
        Revoked(ACME, _user("ben"), 100, _id("spared"), 90),
        Revoked(GLOBEX, min_epoch=(NOW - 60) * 1000),
    ]


def _last() -> list[Revoked]:
    return [
        Revoked(ACME, _user("ben"), NOW * 1000, _id("spared"), 100),
        Revoked(ACME, _user("service:ci"), tokens={_id("ci"): NOW + 40_000}),
        _ended(PLATFORM, "root", "ended"),
        Revoked(min_epoch=(NOW - 3600) * 1000, kids={"k2": cutoff_end(NOW * 1000)}),
    ]


def _crowded(text: str) -> str:
    """Return the head with a tenant in it that revoked more than its share."""
    head = read_head(text)
    cutoff = TenantCutoff(NOW + 1000, users_before=NOW - 30)
    tail = replace(head.tail, tenants={**head.tail.tenants, tenant_digest(CROWDED): cutoff})
    return sign_head(replace(head, tail=tail), KEY, ISSUER)


def _reads(empty: str, first: str, parted: str, newest: str) -> list[dict[str, Any]]:
    """Return heads in the order in which a verifier is given them, and what it says of each."""
    head = read_head(newest)
    return [
        _read(empty, NOW, None),
        _read(first, NOW + 1, None),
        _read(parted, NOW + 12, None),
        _read(first, NOW + 13, "old_revocations", "the head before the last one"),
        _read(sign_head(replace(head, issued_at=NOW - 500), KEY, ISSUER), NOW + 14, "old_revocations", "an old date"),
        _read(sign_head(head, OTHER, ISSUER), NOW + 15, "key_revoked", "signed by a key that it says is revoked"),
        _read(sign_head(head, _key("k3"), ISSUER), NOW + 16, "unknown_kid", "signed by a key that is not published"),
        _read(sign_head(head, replace(_key("k3"), kid="k1"), ISSUER), NOW + 17, "malformed", "a wrong signature"),
        _read(sign_head(head, KEY, "https://evil.example"), NOW + 18, "malformed", "another issuer's"),
        _read(_typed(head, "at+jwt"), NOW + 19, "wrong_type", "another type"),
        _read(_altered(head), NOW + 20, "altered_part", "it names a part whose text is another one's"),
        _read(newest, NOW + 21, None),
    ]


def _read(head: str, now: int, reason: str | None, why: str = "") -> dict[str, Any]:
    return {"now": now, "head": head, "reason": reason, **({"why": why} if why else {})}


def _typed(head: Head, typ: str) -> str:
    claims = jwt.decode(sign_head(head, KEY, ISSUER), options={"verify_signature": False})
    return jwt.encode(claims, KEY.key, algorithm="EdDSA", headers={"typ": typ, "kid": KEY.kid})


def _altered(head: Head) -> str:
    part = replace(head.parts[0], name="s-" + "A" * 43, last=head.number + 1)
    return sign_head(replace(head, number=head.number + 1, parts=(part,)), KEY, ISSUER)


def _public(key: SigningKey) -> Mapping[str, Any]:
    private: Any = key.key
    jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {"kty": "OKP", "crv": jwk["crv"], "x": jwk["x"], "kid": key.kid, "alg": "EdDSA", "use": "sig"}


def _tokens() -> list[dict[str, Any]]:
    """Return tokens, and what a verifier says of each that was given all the heads."""
    after_disabling, before = (NOW - 60) * 1000, NOW * 1000 - 1
    told: list[tuple[str, str | None, dict[str, Any]]] = [
        ("nothing of it is revoked", None, {}),
        ("its session ended", "session_ended", {"session": "ended"}),
        ("a session with this id ended, of another user", None, {"user": "carl", "session": "ended"}),
        ("it was revoked itself", "token_revoked", {"token": "revoked"}),
        ("its user was cut off", "user_cut_off", {"user": "ben", "epoch": before}),
        ("it began after the cutoff", None, {"user": "ben", "epoch": before + 1}),
        ("its session is spared", None, {"user": "ben", "session": "spared", "epoch": 100}),
        ("it is older than the spared ones", "user_cut_off", {"user": "ben", "session": "spared", "epoch": 99}),
        ("its tenant was disabled", "tenant_cut_off", {"tenant": "globex"}),
        ("it began after that", None, {"tenant": "globex", "tenant_epoch": after_disabling}),
        (
            "a session in a part",
            "session_ended",
            {"user": "user-3", "session": "s", "tenant": "globex", "tenant_epoch": after_disabling},
        ),
        ("a service token that was revoked", "token_revoked", {"user": "service:ci", "token": "ci"}),
        ("a service token that was not", None, {"user": "service:ci", "token": "other"}),
        (
            "a platform administrator in no tenant",
            "session_ended",
            {"user": "root", "session": "ended", "tenant": PLATFORM},
        ),
        ("it began before everything was ended", "deployment_cut_off", {"deployment": 1}),
        ("its key is revoked", "key_revoked", {"key": OTHER}),
        ("its tenant revoked more than its share", "tenant_cut_off", {"tenant": "crowded", "issued_at": NOW - 30}),
        ("it was issued after that", None, {"tenant": "crowded", "issued_at": NOW - 29}),
        (
            "a service token of that tenant",
            None,
            {"tenant": "crowded", "user": "service:ci", "issued_at": NOW - 30},
        ),
        ("it has expired", "expired", {"issued_at": NOW - 900}),
    ]
    judged = [
        {"why": why, "now": NOW + 22, "token": _token(**values), "reason": reason} for why, reason, values in told
    ]
    return [*judged, *_spelled()]


def _spelled() -> list[dict[str, Any]]:
    """Return tokens that spell who and where once or twice, or say more than others."""
    told: list[tuple[str, str | None, dict[str, Any]]] = [
        ("it has the claims of one spelling alone", None, {"userId": None, "tenantId": None}),
        ("userId says somebody else", "contradictory_claims", {"userId": _id("ben")}),
        ("tenantId says another tenant", "contradictory_claims", {"tenantId": "globex"}),
        ("tenantId says a tenant, and tenant_id none", "contradictory_claims", {"tenant_id": None}),
        ("it says what its sign-in proved", None, {"auth_time": NOW - 10, "amr": ["pwd", "otp", "mfa"], "acr": "2fa"}),
        ("a password must be changed first", "password_change_required", {"password_change_required": True}),
        ("a second factor must be proved first", "second_factor_required", {"second_factor_required": True}),
    ]
    return [{"why": why, "now": NOW + 22, "token": _saying(**words), "reason": reason} for why, reason, words in told]


def _saying(**changes: object) -> str:
    """Return a token with other claims; those that are None are left out."""
    claims = {**jwt.decode(_token(), options={"verify_signature": False}), **changes}
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, KEY.key, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": KEY.kid})


def _token(
    *,
    user: str = "anna",
    session: str = "alive",
    token: str = "alive",  # noqa: S107 - a token's id
    tenant: str = "acme",
    epoch: int = 0,
    tenant_epoch: int = 0,
    deployment: int = (NOW - 3600) * 1000,
    issued_at: int = NOW - 10,
    key: SigningKey = KEY,
) -> str:
    claims = AccessTokenClaims(
        subject=Subject(_user(user), user, TenantId(tenant), ("user",), SessionId(_id(session))),
        token_id=TokenId(_id(token)),
        kid=key.kid,
        epochs=Epochs(epoch, tenant_epoch, deployment),
        client_id="web",
        issued_at=issued_at,
        expires_at=issued_at + 900,
    )
    return mint_access_token(claims, key, ISSUER, AUDIENCE)


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` say whether it is the one that would be written."""
    text = json.dumps(vectors(), indent=1) + "\n"
    if "--check" in arguments:
        return 0 if FILE.read_text("utf-8") == text else 1
    FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
