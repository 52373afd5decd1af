"""What anybody may know: keys, metadata, and the description of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_public
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, well_known
from doorward.metadata import authorization_server_metadata, openid_configuration

app = Resolver()
services = once(well_known.wire)
READ = ["GET", "HEAD"]


@app.route("/.well-known/jwks.json", READ)
def get_jwks() -> Response[str]:
    """Return the public keys (RFC 7517)."""
    return _answer(services().keyring.key_set().jwks())


@app.route("/.well-known/openid-configuration", READ)
def get_openid_configuration() -> Response[str]:
    """Return where the keys are, for OpenID Connect Discovery."""
    return _answer(openid_configuration(services().keyring.key_set()))


@app.route("/.well-known/oauth-authorization-server", READ)
def get_metadata() -> Response[str]:
    """Return what this server is and can do (RFC 8414)."""
    return _answer(authorization_server_metadata(services().keyring.key_set()))


@app.route("/.well-known/openapi.json", READ)
def get_openapi() -> Response[str]:
    """Return the description of this API (OpenAPI 3.1)."""
    return answer_public(_openapi(), services().max_age_seconds, header(app.current_event.raw_event, "if-none-match"))


@cache
def _openapi() -> str:
    return resources.files("doorward.api").joinpath("openapi.json").read_text("utf-8")


def _answer(body: Mapping[str, object]) -> Response[str]:
    seen = header(app.current_event.raw_event, "if-none-match")
    return answer_public(json.dumps(body), services().max_age_seconds, seen)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
