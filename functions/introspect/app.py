"""POST /auth/token/introspect (RFC 7662)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.requests import read_form_or_json, read_principal
from doorward.api.resolver import Resolver
from doorward.bootstrap import introspect, once
from doorward.schemas.requests import IntrospectRequest
from doorward.schemas.token_answers import IntrospectionResponse

app = Resolver(oauth=True)
use_case = once(introspect.wire)


@app.post("/auth/token/introspect")
def introspect_token() -> Response[str]:
    """Tell what a token is worth now."""
    principal, body = read_principal(app), read_form_or_json(app, IntrospectRequest)
    introspection = use_case()
    found = introspection(principal, body.token)
    return answer(IntrospectionResponse.of(found, introspection.keyring.key_set().issuer, introspection.audience))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
