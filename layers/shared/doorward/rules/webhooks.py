"""Which URLs and events a webhook may have, and when a delivery is tried again. Nothing is stored or called here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from doorward.audit.kinds import KINDS
from doorward.errors import InvalidRequest
from doorward.model.webhooks import Webhook

SOURCE = "doorward"
"""The source of all events on the bus."""

MOST_WEBHOOKS = 10
"""How many a tenant may have."""

KEPT_SECONDS = 30 * 86_400
"""How long a delivery is shown."""

FORMER_MS = 86_400_000
"""How long the secret before signs beside the new one."""

NET_MS = 300_000
"""When a delivery is due of which a message was sent. The message may be lost."""

WAITS_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long after each failure the next attempt is due; all in all a little more than three days."""

MOST_ATTEMPTS = len(WAITS_SECONDS) + 1
LONGEST_MS = 4 * 86_400_000
"""After that, a delivery is given up, also one that was put off so often that attempts are left."""

_PATIENCE = 3
_LONGEST_PAUSE_MS = 3_600_000
_LONGEST_URL = 500
_LONGEST_DESCRIPTION = 200
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
_PORTS = frozenset({None, 443, 8443})


def check_url(text: str, *, is_local: bool = False) -> str:
    """Return a URL that a webhook may have.

    The addresses of its host are judged at each attempt, because they can change. This refuses what could never be
    meant well: another scheme, a user, an address in place of a name, strange ports.

    Args:
        text: what an administrator typed.
        is_local: whether http://127.0.0.1 and http://localhost, with any port, are taken besides: on the local cloud.

    Raises:
        InvalidRequest: it is no such URL.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidRequest("The URL is malformed.") from None
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise InvalidRequest(f"A URL has at most {_LONGEST_URL} characters of ASCII, and no spaces.")
    if "@" in parts.netloc or parts.fragment or "#" in text:
        raise InvalidRequest("A webhook's URL has no user and no fragment.")
    if is_local and parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}:
        return text
    if parts.scheme != "https" or not _is_name(parts):
        raise InvalidRequest("A webhook's URL begins with https:// and the name of a host.")
    if port not in _PORTS:
        raise InvalidRequest("A webhook's port is 443 or 8443.")
    return text


def _is_name(parts: SplitResult) -> bool:
    """Return whether the host is a name with a dot, whose last label is no number: none that stands for an address."""
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 - one dot
        return False
    last = labels[-1]
    return not last.isdigit() and not last.startswith("0x")


def check_events(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of events, sorted and without repetition.

    Raises:
        InvalidRequest: there is no such event.
    """
    distinct = tuple(sorted(set(names)))
    for name in distinct:
        if name not in KINDS:
            raise InvalidRequest("There is no such event. See docs/webhooks.md.")
    return distinct


def check_description(text: str | None) -> str | None:
    """Return a description.

    Raises:
        InvalidRequest: it is too long, or has characters that cannot be printed.
    """
    if text is not None and (len(text) > _LONGEST_DESCRIPTION or not text.isprintable()):
        raise InvalidRequest(f"A description has at most {_LONGEST_DESCRIPTION} characters, on one line.")
    return text or None


def hears(webhook: Webhook, event: str) -> bool:
    """Return whether a webhook is told of an event."""
    return webhook.status == "enabled" and (not webhook.events or event in webhook.events)


def wait_ms(attempts: int, jitter: float) -> int:
    """Return how long after an attempt that failed the next one is due.

    Args:
        attempts: how many there were, from 1 on.
        jitter: from 0 to 1: as a share, up to a fifth is added, so that receivers that come back are not overrun.
    """
    seconds = WAITS_SECONDS[min(attempts, len(WAITS_SECONDS)) - 1]
    return round(seconds * 1000 * (1 + jitter / 5))


def pause_ms(failures: int) -> int:
    """Return how long a webhook is left alone after so many failures in a row: nobody's dead server holds up others."""
    if failures < _PATIENCE:
        return 0
    doublings = min(failures - _PATIENCE, 6)
    return min(60_000 << doublings, _LONGEST_PAUSE_MS)
