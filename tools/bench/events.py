"""What functions and floors are asked in a cold start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import argon2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.deployment import Deployment, event
from tests.support.people import bearer
from tools.bench.simulated import request

_CRYPTOGRAPHY = """
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
FORM = (padding.PKCS1v15(), hashes.SHA256())
def check(event):
    load_pem_public_key(event["public"].encode()).verify(bytes.fromhex(event["signature"]), b"x" * 400, *FORM)
def sign(event):
    load_pem_private_key(event["private"].encode(), None).sign(b"x" * 400, *FORM)
"""


@dataclass(frozen=True)
class Floor:
    """A handler that does only what nobody can do without.

    Args:
        what: what it does.
        code: its `app.py`.
        of: the functions that it is the floor of.
        layers: its layers.
    """

    what: str
    code: str
    of: frozenset[str] = frozenset()
    layers: tuple[str, ...] = ()


FLOORS = {
    "raw check": Floor(
        "checks an RS256 signature",
        f"{_CRYPTOGRAPHY}\ndef handler(event, _):\n    check(event)\n    return {{}}\n",
        frozenset({"authorizer", "introspect", "logout", "revoke"}),
        ("SharedLayer",),
    ),
    "raw signature": Floor(
        "makes an RS256 signature",
        f"{_CRYPTOGRAPHY}\ndef handler(event, _):\n    sign(event)\n    return {{}}\n",
        frozenset({"refresh", "service_tokens", "publish_feed"}),
        ("SharedLayer",),
    ),
    "raw sign-in": Floor(
        "checks an Argon2id hash and makes an RS256 signature",
        f"import argon2\n{_CRYPTOGRAPHY}\ndef handler(event, _):\n"
        "    argon2.PasswordHasher(1, 8, 1).verify(event['hash'], 'p')\n    sign(event)\n    return {}\n",
        frozenset({"login"}),
        ("SharedLayer", "SignInLayer"),
    ),
    "bare": Floor("does nothing", "def handler(event, _):\n    return {}\n"),
}


def raw_event() -> dict[str, str]:
    """Return the event that all floors are given."""
    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "private": private.decode(),
        "public": key.public_key().public_bytes(serialization.Encoding.PEM, form).decode(),
        "signature": key.sign(b"x" * 400, padding.PKCS1v15(), hashes.SHA256()).hex(),
        "hash": argon2.PasswordHasher(1, 8, 1).hash("p"),
    }


def events(cloud: Deployment) -> dict[str, dict[str, Any] | Callable[[], dict[str, Any]]]:
    """Return what each function is asked, by name; a callable where each start needs an event of its own."""
    admin, context = bearer(cloud.token("acme-admin")), cloud.context("acme-admin")
    checked = event("authorizer_missing")
    checked.update(headers=admin, multiValueHeaders={})
    names = iter(range(1_000))

    def pair() -> dict[str, str]:
        found: dict[str, str] = cloud.sign_in("acme-admin")["json"]
        return found

    def minting() -> dict[str, Any]:
        path = "/api/acme/auth/service-tokens"
        return request("POST", path, {"name": f"ci{next(names)}"}, context=context)

    def connecting() -> dict[str, Any]:
        sent = event("sockets_connect_used_ticket")
        origin = {"Origin": sent["headers"]["Origin"]}
        given = cloud.call("socket_ticket", "POST", "/auth/socket-ticket", context=context, headers=origin)
        sent["queryStringParameters"] = {"ticket": given["json"]["ticket"]}
        return sent

    return {
        "authorizer": checked,
        "close_sockets": {"detail-type": "Scheduled Event"},
        "demo": request("POST", "/api/acme/demo/seed", None, context=context),
        "introspect": request("POST", "/auth/token/introspect", {"token": pair()["access_token"]}, admin, context),
        "login": request("POST", "/auth/login", {"username": "acme-admin", "password": "admin123"}),
        "logout": lambda: request("POST", "/auth/logout", None, bearer(pair()["access_token"])),
        "notifications": request("GET", "/api/acme/notifications", None, context=context),
        "publish_feed": {},
        "refresh": lambda: request("POST", "/auth/refresh", {"refresh_token": pair()["refresh_token"]}),
        "revocations": request("GET", "/.well-known/revocations", None),
        "revoke": lambda: request("POST", "/auth/token/revoke", {"token": pair()["access_token"]}),
        "rotate_keys": {},
        "service_tokens": minting,
        "socket_ticket": request("POST", "/auth/socket-ticket", None, context=context),
        "sockets": connecting,
        "tenants": request("GET", "/tenants", None, context=cloud.context("admin")),
        "users": request("GET", "/users", None, context=context),
        "well_known": request("GET", "/.well-known/jwks.json", None),
    }
