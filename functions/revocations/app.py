"""GET /.well-known/revocations: what an offline verifier must know to honour a logout."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from doorward.api.answers import answer_feed
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.bootstrap import once, revocations

app = Resolver()
publish = once(revocations.wire)


@app.route("/.well-known/revocations", ["GET", "HEAD"])
def get_revocations() -> Response[str]:
    """Return what is revoked, signed; asked for again with its ETag, nothing if nothing changed."""
    tag, text = publish()(header(app.current_event.raw_event, "if-none-match"))
    return answer_feed(text, tag)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Answer API Gateway."""
    return app.resolve(event, context)
