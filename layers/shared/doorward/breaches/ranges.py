"""The range API of haveibeenpwned.com, which is sent five hexadecimal digits of a hash and never sees the rest."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

from doorward.outbound.client import NotReached, Outbound

URL = "https://api.pwnedpasswords.com/range/"
SECONDS = 1.0
MAX_BYTES = 262_144
"""A padded answer has some 1,000 lines of about 40 bytes."""

_LOGGER = logging.getLogger("doorward.breaches")
_PREFIX_DIGITS = 5
_LINE = re.compile(rb"([0-9A-F]{35}):([0-9]{1,15})")


class BreachedRange:
    """Asks for all hashes with the same beginning, in answers that are padded so that their length tells nothing.

    Source: haveibeenpwned.com, "API v3", section "Pwned Passwords".
    """

    def __init__(self, outbound: Outbound, url: str = URL) -> None:
        """Take the way out, and the URL before the five digits."""
        self._outbound = outbound
        self._url = url

    def count(self, sha1: bytes) -> int | None:
        """Return how often a password was seen in breaches; None if no usable answer comes in time."""
        try:
            return self._ask(sha1.hex().upper())
        except NotReached as error:
            # Neither the digits nor who asked: together they would say something about a password.
            _LOGGER.warning("the range of breached passwords could not be read: %s", error.reason)
            return None

    def _ask(self, digits: str) -> int:
        reply = self._outbound.send("GET", self._url + digits[:_PREFIX_DIGITS], {"Add-Padding": "true"})
        if reply.status != HTTPStatus.OK:
            raise NotReached(f"status {reply.status}")
        matches = [_LINE.fullmatch(line) for line in reply.content.split()]
        if not matches or None in matches:
            raise NotReached("malformed")
        wanted = digits[_PREFIX_DIGITS:].encode()
        # What is there as padding has the count 0.
        return sum(int(match[2]) for match in matches if match and match[1] == wanted)
