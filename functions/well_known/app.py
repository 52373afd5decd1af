"""GET /.well-known/jwks.json, /.well-known/openid-configuration, /.well-known/oauth-authorization-server."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_public
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, well_known
from doorward.metadata import authorization_server_metadata

app = Resolver()
keyring = once(well_known.wire)


@app.get("/.well-known/jwks.json")
def get_jwks() -> Response[str]:
    """Return the public keys (RFC 7517)."""
    return answer_public(keyring().key_set().jwks())


@app.get("/.well-known/openid-configuration")
@app.get("/.well-known/oauth-authorization-server")
def get_metadata() -> Response[str]:
    """Return what this server is and can do (RFC 8414, OpenID Connect Discovery)."""
    return answer_public(authorization_server_metadata(keyring().key_set()))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
