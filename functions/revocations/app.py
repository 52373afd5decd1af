"""The feed of revocations for offline verifiers: its head and its parts, as they are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass

import doorward.bootstrap.late  # noqa: F401 - before anything imports PyJWT
from doorward.api.answers import answer_feed, answer_part
from doorward.api.requests import header
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.signed_feed import SignedFeed
from doorward.bootstrap.once import once
from doorward.errors import NotFound
from doorward.settings import Settings
from doorward.stores import FeedReader

_NAME = re.compile(r"[ls]-[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Services:
    """The feed, to read it."""

    feed: FeedReader


def wire(settings: Settings) -> Services:
    """Return the feed, to read it."""
    return Services(SignedFeed.from_environment(settings.require("feed_bucket")))


app = Resolver()
services = once(wire)

READ = ["GET", "HEAD"]


@app.route("/.well-known/revocations", READ)
def get_revocations() -> Response:
    """Return the signed head of the feed of revocations, or 304 if the caller sends its ETag and nothing changed."""
    tag, text = services().feed.read_head(header(app.event, "if-none-match"))
    return answer_feed(text, tag)


@app.route("/.well-known/revocations/parts/<name>", READ)
def get_part(name: str) -> Response:
    """Return a part of the feed of revocations, which never changes. The head names its parts."""
    text = services().feed.get_part(name) if _NAME.fullmatch(name) else None
    if text is None:
        raise NotFound
    return answer_part(text)


handler = app.resolve
