"""Where a page may lead back to: applications of the origins that the deployment allows, and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# No spaces, no controls, no backslash: browsers and parsers agree on the rest.
_PLAIN = re.compile(r"https?://[!-\[\]-~]+")
_LONGEST = 2048
_INNER = re.compile(r"(?:account|admin)(?:/[A-Za-z0-9_-]+)*")
_FACTORS = "account/factors"


def return_address(text: str | None, allowed_origins: tuple[str, ...]) -> str | None:
    """Return the address if a page may lead there, or None.

    Args:
        text: as the request says it; whoever made the link chose it.
        allowed_origins: of the deployment.

    Source: OWASP, "Unvalidated Redirects and Forwards Cheat Sheet".
    """
    if text is None or len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if f"{parts.scheme}://{parts.netloc}" in allowed_origins else None


def inner_path(text: object) -> str:
    """Return the path of a page of ours that a step-up leads back to, without the first slash.

    Args:
        text: as the request says it. What names no page of who is signed in leads to the page of second factors.
    """
    path = text.strip("/") if isinstance(text, str) else ""
    fits = len(path) <= _LONGEST and _INNER.fullmatch(path) and path != "account/step-up"
    return path if fits else _FACTORS


def origin_of(address: str) -> str:
    """Return the origin of an address that `return_address` let pass."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
