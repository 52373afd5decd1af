"""POST /auth/token/revoke (RFC 7009)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer
from doorward.api.requests import read_form_or_json
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, revoke
from doorward.schemas.requests import RevokeRequest

app = Resolver(oauth=True)
use_case = once(revoke.wire)


@app.post("/auth/token/revoke")
def revoke_token() -> Response[str]:
    """Revoke a token; whether it was one is not told."""
    use_case()(read_form_or_json(app, RevokeRequest).token)
    return answer(None)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
