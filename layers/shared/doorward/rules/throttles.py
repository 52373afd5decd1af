"""Throttles of sign-in attempts: by source address, by account, and by both."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

SOURCE_SHARDS = 8
TRUST_SECONDS = 30 * 86_400
"""How long an account is remembered to have signed in from a source."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to prove a password: from where, for whom."""

    source: str
    account: str


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of a fixed window: at most `limit` until `ends_at_ms`, then it is another key."""

    key: str
    limit: int
    ends_at_ms: int

    def retry_after_seconds(self, now_ms: int) -> int:
        """Return in how many whole seconds the window is over, at least one."""
        return max(1, -(-(self.ends_at_ms - now_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Throttles:
    """The limits of one deployment, attempts a window."""

    window_ms: int
    per_pair: int
    per_account: int
    per_source: int

    def counters(self, attempt: Attempt, now_ms: int, *, trusted: bool) -> tuple[Counter, ...]:
        """Return the counters which an attempt raises.

        Args:
            attempt: source address and account.
            now_ms: the time, in milliseconds.
            trusted: whether this account signed in from this source before. Then strangers who
                exhaust the account's own counter do not lock it out.
        """
        window = now_ms // self.window_ms
        ends_at_ms = (window + 1) * self.window_ms
        source, account = _digest(_network(attempt.source)), _digest(attempt.account)
        # Everybody behind one address shares its counter; shards keep their transactions apart.
        shard = int(account[:8], 16) % SOURCE_SHARDS
        found = [
            Counter(f"pair#{source}#{account}#{window}", self.per_pair, ends_at_ms),
            Counter(f"source#{source}#{shard}#{window}", -(-self.per_source // SOURCE_SHARDS), ends_at_ms),
        ]
        if not trusted:
            found.append(Counter(f"account#{account}#{window}", self.per_account, ends_at_ms))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Trust:
    """The memory that an account signed in from a source; `expires_at` in epoch seconds."""

    key: str
    expires_at: int


def trust(attempt: Attempt, now_ms: int) -> Trust:
    """Return what is remembered of a sign-in that succeeded."""
    return Trust(trust_key(attempt), now_ms // 1000 + TRUST_SECONDS)


def trust_key(attempt: Attempt) -> str:
    """Return the key under which it is kept that the account signed in from this source."""
    return f"trust#{_digest(_network(attempt.source))}#{_digest(attempt.account)}"


def _network(source: str) -> str:
    # One subscriber has a whole IPv6 /64 (RFC 6177), so single addresses there mean nothing.
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if address.version == 6:  # noqa: PLR2004 - IPv6
        return str(ipaddress.ip_network((address, 64), strict=False))
    return source


def _digest(text: str) -> str:
    # The table must not be a list of the addresses and names that people typed.
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
