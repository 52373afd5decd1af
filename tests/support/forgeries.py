"""Tokens that nobody may get in with, by what is wrong with them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Forger:
    """Somebody who has one good token, everything public, and in the worst case the deployment's private key.

    Args:
        good: an access token.
        pem: the private key that signed it.
        public_jwk: its public half.
        refresh_token: of the same session.
        cookie: of the same session.
    """

    good: str
    pem: str
    public_jwk: Mapping[str, str]
    refresh_token: str
    cookie: str

    @cached_property
    def key(self) -> Any:
        return serialization.load_pem_private_key(self.pem.encode(), None)

    @cached_property
    def header(self) -> dict[str, Any]:
        return dict(jwt.get_unverified_header(self.good))

    @cached_property
    def claims(self) -> dict[str, Any]:
        return dict(jwt.decode(self.good, options={"verify_signature": False}))

    def sign(self, header: bytes | Mapping[str, Any], payload: bytes | Mapping[str, Any]) -> str:
        """Return a token that the deployment's own key signed, whatever it says."""
        parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
        signing_input = ".".join(b64(part) for part in parts)
        return f"{signing_input}.{b64(self.signature(signing_input.encode()))}"

    def signature(self, signing_input: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(signing_input)
        r, s = decode_dss_signature(self.key.sign(signing_input, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")

    def saying(self, **changes: Any) -> str:
        """Return a token signed as ever, with other claims; those that are None are left out."""
        claims = {name: value for name, value in {**self.claims, **changes}.items() if value is not None}
        return self.sign(self.header, claims)

    def headed(self, **changes: Any) -> str:
        """Return a token signed as ever, under another header; members that are ... are left out."""
        return self.sign(
            {name: value for name, value in {**self.header, **changes}.items() if value is not ...}, self.claims
        )

    def mac(self, algorithm: str, key: bytes, **header: Any) -> str:
        """Return a token with a MAC for a signature."""
        signing_input = ".".join(
            b64(json.dumps(part).encode()) for part in ({**self.header, "alg": algorithm, **header}, self.claims)
        )
        digest = hmac.digest(key, signing_input.encode(), f"sha{algorithm[2:]}")
        return f"{signing_input}.{b64(digest)}"

    def strangers(self, **header: Any) -> str:
        """Return a token that another key signed, and that points to it."""
        stranger = ec.generate_private_key(ec.SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(stranger.public_key()))
        header = {name: jwk if value == "JWK" else value for name, value in header.items()}
        return jwt.encode(self.claims, stranger, algorithm="ES256", headers={**self.header, "alg": "ES256", **header})

    def all(self) -> dict[str, str]:
        return {
            **self.algorithms(),
            **self.headers(),
            **self.spellings(),
            **self.signatures(),
            **self.payloads(),
            **self.others(),
        }

    def algorithms(self) -> dict[str, str]:
        head_none = {"typ": "at+jwt", "kid": self.header["kid"]}
        unsigned = {
            f"alg {name!r} without signature": f"{b64(json.dumps({**head_none, 'alg': name}).encode())}.{self.body}."
            for name in ("none", "None", "NONE", "nOnE", "", None, 0, [], ["none"])
        }
        signed_none = {
            f"alg {name!r} with our signature": self.headed(alg=name)
            for name in ("none", "None", "ES384", "PS256", "HS256", None, 1)
        }
        public_pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            **unsigned,
            **signed_none,
            "no alg": self.headed(alg=...),
            "none with a signature of zeros": f"{unsigned[next(iter(unsigned))]}{'A' * 86}",
            "HS256 with the public key as PEM": self.mac("HS256", public_pem),
            "HS256 with the public key as JWK": self.mac("HS256", json.dumps(dict(self.public_jwk)).encode()),
            "HS256 with the modulus": self.mac("HS256", unb64(self.public_jwk.get("n") or self.public_jwk["x"])),
            "HS256 with the kid": self.mac("HS256", self.header["kid"].encode()),
            "HS256 with an empty key": self.mac("HS256", b""),
            "HS384 with the public key": self.mac("HS384", public_pem),
            "HS512 with the public key": self.mac("HS512", public_pem),
            "our alg with a MAC": self.mac("HS256", public_pem, alg=self.header["alg"]),
        }

    def headers(self) -> dict[str, str]:
        url = "https://evil.example/keys.json"
        kids: dict[str, Any] = {
            "a path": "../../../../dev/null",
            "SQL": "x' UNION SELECT 'key' --",
            "10 KB": "k" * 10_240,
            "4 KB": "k" * 4096,
            "Unicode": "ké\u202eу",
            "empty": "",
            "a NUL": "\0",
            "null": None,
            "a number": 7,
            "a list": [self.header["kid"]],
            "an object": {"kid": self.header["kid"]},
            "with a blank": f"{self.header['kid']} ",
            "a URL": url,
        }
        return {
            **{f"kid {name}": self.headed(kid=kid) for name, kid in kids.items()},
            "no kid": self.headed(kid=...),
            "embedded jwk of a stranger": self.strangers(jwk="JWK"),
            "embedded jwk and a strange kid": self.strangers(jwk="JWK", kid="mine"),
            "jku of a stranger": self.strangers(jku=url),
            "x5u of a stranger": self.strangers(x5u=url),
            "x5c of a stranger": self.strangers(x5c=["AAAA"]),
            "a stranger's signature": self.strangers(),
            "jwk in our own header": self.headed(jwk=dict(self.public_jwk)),
            "jku in our own header": self.headed(jku=url),
            "x5u in our own header": self.headed(x5u=url),
            "crit exp": self.headed(crit=["exp"]),
            "crit empty": self.headed(crit=[]),
            "crit of an unknown extension": self.headed(
                crit=["http://example.invalid/x"], **{"http://example.invalid/x": True}
            ),
            "unencoded payload": self.headed(b64=False, crit=["b64"]),
            "typ JWT": self.headed(typ="JWT"),
            "no typ": self.headed(typ=...),
            "typ null": self.headed(typ=None),
            "typ of a logout token": self.headed(typ="logout+jwt"),
            "typ with a parameter": self.headed(typ="at+jwt; x=1"),
            "cty JWT": self.headed(cty="JWT"),
            "compressed": self.headed(zip="DEF"),
        }

    @property
    def body(self) -> str:
        return self.good.split(".")[1]

    def spellings(self) -> dict[str, str]:
        head, body, signature = self.good.split(".")
        last = _ALPHABET[_ALPHABET.index(signature[-1]) ^ 1]
        header, claims = json.dumps(self.header), json.dumps(self.claims)
        kid, exp = f'"kid": "{self.header["kid"]}"', f'"exp": {self.claims["exp"]}'
        jwe = b'{"alg":"dir","enc":"A256GCM"}'
        jws = {"payload": body, "protected": head, "signature": signature}
        return {
            "duplicate kid, ours last": self.sign(header.replace(kid, f'"kid": "x", {kid}').encode(), self.claims),
            "duplicate alg": self.sign(('{"alg": "none", ' + header[1:]).encode(), self.claims),
            "duplicate exp": self.sign(self.header, claims.replace(exp, f'"exp": 1, {exp}').encode()),
            "duplicate roles": self.sign(self.header, claims[:-1].encode() + b', "roles": ["platform_admin"]}'),
            "duplicate member of an object": self.sign(self.header, claims[:-1].encode() + b', "x": {"a": 1, "a": 2}}'),
            "padding": f"{head}.{body}.{signature}==",
            "last bits of the signature": f"{head}.{body}.{signature[:-1]}{last}",
            "a blank in the signature": f"{head}.{body}.{signature[:9]} {signature[9:]}",
            "a line feed in the signature": f"{head}.{body}.{signature[:9]}\n{signature[9:]}",
            "characters that base64 ignores": f"{head}.{body}.{signature[:9]}!{signature[9:]}",
            "the other base64 alphabet": f"{head}.{body}.{signature.replace('-', '+').replace('_', '/')}+",
            "two parts": f"{head}.{body}",
            "four parts": f"{self.good}.{signature}",
            "five parts": f"{self.good}.x.y",
            "an encrypted token": f"{b64(jwe)}..{b64(b'i' * 12)}.{body}.{b64(b't' * 16)}",
            "a detached payload": f"{head}..{signature}",
            "a detached payload of dots": f"{head}....{signature}",
            "JSON serialisation": json.dumps(jws),
            "general JSON serialisation": json.dumps({"payload": body, "signatures": [jws]}),
            "1 MB": f"{head}.{body}.{'A' * 1_000_000}",
            "1 MB of claims": self.saying(x="x" * 1_000_000),
            "8 KB and one": self.saying(x="x" * 8192),
            "deep JSON": f"{b64(b'[' * 3000)}.{body}.{signature}",
            "deep claims": self.sign(self.header, b'{"x":' + b"[" * 2900 + b"]" * 2900 + b"}"),
            "a number of many digits": self.sign(self.header, b'{"exp":' + b"9" * 5000 + b"}"),
            "a byte order mark": self.sign(b"\xef\xbb\xbf" + header.encode(), self.claims),
            "no UTF-8": self.sign(self.header, b'{"sub":"\xff"}'),
            "not JSON": self.sign(self.header, b"sub=admin"),
            "nothing": self.sign(self.header, b""),
            **{f"claims {text}": self.sign(self.header, text.encode()) for text in ("[]", "null", '"x"', "7", "{}")},
        }

    def signatures(self) -> dict[str, str]:
        head, body, signature = self.good.split(".")
        raw = unb64(signature)
        promoted = json.dumps({**self.claims, "roles": ["platform_admin"]}).encode()
        found = {
            "no signature": f"{head}.{body}.",
            "half a signature": f"{head}.{body}.{signature[: len(signature) // 2]}",
            "a longer signature": f"{head}.{body}.{b64(raw + b'x')}",
            "zero signature": f"{head}.{body}.{b64(bytes(len(raw)))}",
            "zero signature of 64 bytes": f"{head}.{body}.{b64(bytes(64))}",
            "one bit of the signature": f"{head}.{body}.{b64(bytes([raw[0] ^ 1]) + raw[1:])}",
            "another body": f"{head}.{b64(promoted)}.{signature}",
            "another header": f"{b64(json.dumps({**self.header, 'x': 1}).encode())}.{body}.{signature}",
        }
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            twin = raw[:32] + (P256_ORDER - s).to_bytes(32, "big")
            found |= {
                "the signature's twin": f"{head}.{body}.{b64(twin)}",
                "a signature in DER": f"{head}.{body}.{b64(encode_dss_signature(r, s))}",
                "r is zero": f"{head}.{body}.{b64(bytes(32) + raw[32:])}",
                "s is zero": f"{head}.{body}.{b64(raw[:32] + bytes(32))}",
                "r and s are the order": f"{head}.{body}.{b64(P256_ORDER.to_bytes(32, 'big') * 2)}",
            }
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            order = 2**252 + 27742317777372353535851937790883648493
            s = int.from_bytes(raw[32:], "little") + order
            found["the signature's twin"] = f"{head}.{body}.{b64(raw[:32] + s.to_bytes(32, 'little'))}"
        return found

    def payloads(self) -> dict[str, str]:
        claims, now = json.dumps(self.claims), self.claims["iat"]
        exp = f'"exp": {self.claims["exp"]}'
        times = (
            "NaN",
            "Infinity",
            "-Infinity",
            "1e400",
            "-1",
            "0",
            "true",
            "null",
            "[]",
            "{}",
            '"9999999999"',
            "9999999999.5",
        )
        issuer = self.claims["iss"]
        return {
            **{f"exp {text}": self.sign(self.header, claims.replace(exp, f'"exp": {text}').encode()) for text in times},
            "no exp": self.saying(exp=None),
            "exp in a thousand years": self.saying(exp=now + 31_536_000_000),
            "exp huge": self.saying(exp=10**300),
            "expired": self.saying(exp=now - 1),
            "iat in the future": self.saying(iat=now + 3600, exp=now + 3700),
            "iat as text": self.saying(iat=str(now)),
            "no iat": self.saying(iat=None),
            "nbf in the future": self.saying(nbf=now + 3600),
            "nbf as text": self.saying(nbf="0"),
            "another issuer": self.saying(iss="https://evil.example"),
            "the issuer with a slash": self.saying(iss=f"{issuer}/"),
            "the issuer in capitals": self.saying(iss=issuer.upper()),
            "a list of issuers": self.saying(iss=[issuer]),
            "no issuer": self.saying(iss=None),
            "another audience": self.saying(aud="other"),
            "several audiences": self.saying(aud=[self.claims["aud"], "other"]),
            "a list of one audience": self.saying(aud=[self.claims["aud"]]),
            "no audience": self.saying(aud=None),
            "no session": self.saying(sid=None),
            "no token id": self.saying(jti=None),
            "no subject": self.saying(sub=None),
            "no user": self.saying(user_id=None),
            "no roles": self.saying(roles=None),
            "no client": self.saying(client_id=None),
            "roles as text": self.saying(roles="admin"),
            "roles of numbers": self.saying(roles=[1]),
            "roles as an object": self.saying(roles={"admin": True}),
            "epoch as text": self.saying(epoch="0"),
            "a tenant that is a list": self.saying(tenant_id=["acme"]),
            "a number as user": self.saying(user_id=7),
            **self.misnamed(),
            **self.contradictory(),
            "metadata that are a list": self.saying(metadata=["gold"]),
            "metadata that are nested": self.saying(metadata={"plan": {"name": "gold"}}),
            "ext that is a text": self.saying(ext="gold"),
            "ext that is nested": self.saying(ext={"plan": ["gold"]}),
            "ext with nothing in it": self.sign(self.header, {**self.claims, "ext": {"plan": None}}),
        }

    def contradictory(self) -> dict[str, str]:
        """Return tokens that are signed well, and whose two spellings of who and where say different things."""
        own, nothing = self.claims["user_id"], {"userId": None}
        other = own[:-1] + ("1" if own.endswith("0") else "0")
        return {
            "another user in the other spelling": self.saying(userId=other),
            "another tenant in the other spelling": self.saying(tenantId="globex"),
            "no tenant, and one in the other spelling": self.saying(tenant_id=None),
            "the other spelling in a list": self.saying(tenantId=["acme"]),
            "the other spelling in capitals": self.saying(tenantId="ACME"),
            "the other spelling empty": self.saying(tenantId=""),
            "null in the other spelling": self.sign(self.header, {**self.claims, **nothing}),
        }

    def misnamed(self) -> dict[str, str]:
        """Return tokens that are signed well, and name somebody or something in a form that no such name has."""
        ulid = self.claims["user_id"]
        texts = ("", "*", "-", "ACME", "a/b", "acme#user", "acme.", " acme", "acme\n", "acme\0", "\u0430cme", "a" * 64)
        ids = ("", "*", "u", ulid.lower(), f"{ulid}\n", f"8{ulid[1:]}", f"{ulid}0", f"{ulid[:-1]}*", f"session#{ulid}")
        services = (
            "service:",
            "service:A",
            "service:*",
            "service:a#b",
            "SERVICE:ci",
            "service:ci\n",
            "service:" + "a" * 64,
        )
        roles = ("", "*", "Admin", "ad min", "admin,platform_admin", "admin\n", "-", "\u0430dmin", "a" * 65)
        subjects = ("", " ", "a b", "a\nb", "a\0b", "a/b", "*", "a\u200bb", "x" * 200)
        return {
            **{f"tenant {text!r}": self.saying(tenant_id=text) for text in texts},
            **{f"user of form {form}": self.saying(user_id=text) for form, text in enumerate((*ids, *services))},
            **{f"session of form {form}": self.saying(sid=text) for form, text in enumerate(ids)},
            **{f"token of form {form}": self.saying(jti=text) for form, text in enumerate(ids)},
            **{f"role {text!r}": self.saying(roles=["admin", text]) for text in roles},
            **{f"subject {text!r}": self.saying(sub=text) for text in subjects},
        }

    def others(self) -> dict[str, str]:
        return {
            "the refresh token": self.refresh_token,
            "the cookie": self.cookie,
            "an API key": "AKIAIOSFODNN7EXAMPLE",
            "three dots": "...",
            "a dot": ".",
            "NUL": "\0",
            "text that is no ASCII": "é.é.é",
        }
