"""GET /.well-known/revocations: the feed that an offline verifier needs to honour a logout."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.answers import answer_feed
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.feed import DynamoRevocationFeed
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.bootstrap.once import once
from doorward.sessions.publish_revocations import PublishRevocations
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use case that publishes revocations."""

    publish: PublishRevocations


def wire(settings: Settings) -> Services:
    """Return the use case of publishing revocations."""
    parts = LeanParts(settings)
    feed = DynamoRevocationFeed(parts.database, settings.require("revocations_table"))
    publish = PublishRevocations(feed, parts.signer, clock)
    return Services(publish)


app = Resolver()
services = once(wire)


@app.route("/.well-known/revocations", ["GET", "HEAD"])
def get_revocations() -> Response:
    """Return the signed feed of revocations, or 304 if the caller sends its ETag and nothing changed."""
    tag, text = services().publish(header(app.event, "if-none-match"))
    return answer_feed(text, tag)


handler = app.resolve
