"""Which pages of other origins may read an answer (Fetch Standard, CORS protocol)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from doorward.settings import Settings

_READABLE = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
}


@cache
def allowed_origins() -> tuple[str, ...]:
    """Return the origins whose pages may call with credentials, as this function's environment lists them."""
    return Settings.from_environment(os.environ).allowed_origins


def cors_headers(origin: str | None, allowed: tuple[str, ...]) -> Mapping[str, str]:
    """Return the headers that let the page which asked read the answer.

    Args:
        origin: the request's Origin header, if it has one.
        allowed: the origins that may read. No other is ever named, whatever the request says.
    """
    if not allowed:
        return {}
    # The answer depends on who asks, so no cache may give it to a page of another origin.
    vary = {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, **_READABLE, **vary} if origin in allowed and origin else vary
