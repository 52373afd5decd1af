"""What anybody may read: keys, metadata, the description of the API, and the files that pages load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_public
from doorward.api.metadata import authorization_server_metadata, openid_configuration
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.services import SignedService
from doorward.bootstrap.keys import verifying_keys
from doorward.bootstrap.once import once
from doorward.errors import NotFound
from doorward.keys.keyring import Verifying
from doorward.settings import Settings
from doorward_pages.assets import answer_asset


@dataclass(frozen=True, slots=True)
class Services:
    """The public keys, for how many seconds caches may keep them, and the origins that may use passkeys."""

    keyring: Verifying
    max_age_seconds: int
    passkey_origins: tuple[str, ...]


def wire(settings: Settings) -> Services:
    """Return the public keys, and what else is published."""
    database = SignedDatabase(SignedService.from_environment("dynamodb"))
    return Services(verifying_keys(settings, database), settings.key_cache_seconds, settings.webauthn_origins)


app = Resolver()
services = once(wire)

READ = ["GET", "HEAD"]


@app.route("/.well-known/jwks.json", READ)
def get_jwks() -> Response:
    """Return the public keys (RFC 7517)."""
    return _answer(services().keyring.key_set().jwks())


@app.route("/.well-known/openid-configuration", READ)
def get_openid_configuration() -> Response:
    """Return the URL of the keys, in the form of OpenID Connect Discovery."""
    return _answer(openid_configuration(services().keyring.key_set()))


@app.route("/.well-known/oauth-authorization-server", READ)
def get_metadata() -> Response:
    """Return the metadata of this authorization server (RFC 8414)."""
    return _answer(authorization_server_metadata(services().keyring.key_set()))


@app.route("/.well-known/openapi.json", READ)
def get_openapi() -> Response:
    """Return the description of this API (OpenAPI 3.1)."""
    return answer_public(_openapi(), services().max_age_seconds, header(app.event, "if-none-match"))


@app.route("/.well-known/webauthn", READ)
def get_webauthn() -> Response:
    """Return the other origins that may use the passkeys of this domain (WebAuthn Level 3 section 5.11)."""
    origins = services().passkey_origins
    if not origins:
        raise NotFound
    return _answer({"origins": list(origins)})


@app.route("/assets/<name>", READ)
def get_asset(name: str) -> Response:
    """Return a file that pages load."""
    found = answer_asset(name)
    if found is None:
        raise NotFound
    return found


@cache
def _openapi() -> str:
    return resources.files("doorward.api").joinpath("openapi.json").read_text("utf-8")


def _answer(body: Mapping[str, object]) -> Response:
    seen = header(app.event, "if-none-match")
    return answer_public(json.dumps(body) + "\n", services().max_age_seconds, seen)


handler = app.resolve
