"""Where a page may lead back to: applications of the origins that the deployment allows, and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# No spaces, no controls, no backslash: browsers and parsers agree on the rest.
_PLAIN = re.compile(r"https?://[!-\[\]-~]+")
_LONGEST = 2048


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


def origin_of(address: str) -> str:
    """Return the origin of an address that `return_address` let pass."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
