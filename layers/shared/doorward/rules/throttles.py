"""Throttles of attempts to prove a password.

A counter's key names what was presented: the typed name and the source address, each under a MAC with a key of the
deployment. It never names the user behind the name. A counter that moved with the user would tell strangers that
there is one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from doorward.model import TenantId, UserId

SOURCE_SHARDS = 8
MAX_FAILURES = 100
"""Wrong passwords in a row, after which an account takes passwords from known devices only (NIST SP 800-63B-4)."""

FAILURES_SECONDS = 90 * 86_400
"""How long a row of wrong passwords is remembered after the last one."""

TRUST_SECONDS = 30 * 86_400
"""How long a name is remembered to have signed in from a source."""

MAILS_AN_HOUR = 10
"""How many mails anybody may ask for to one name, in an hour."""

MAILS_FROM_SOURCE = 60
"""How many mails one source may ask for, in an hour: a whole office may stand behind one."""

INVITATIONS_AN_HOUR = 100
"""How many invitations a tenant may make or send again, in an hour."""

INVITATIONS_A_DAY = 500
"""How many in a day: who has more people makes them as users, or waits."""

INVITATIONS_TO_ONE = 10
"""How many invitations a tenant may make for one address, or send it again, in a day."""

CODES_A_DAY = 20
"""How many wrong codes a name may get in a day. Beyond that its codes are off, and its links still work."""

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


def failures_name(user_id: UserId) -> str:
    """Return the key under which the wrong passwords of a user are counted."""
    return f"failures#{user_id}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to prove a password: the source address, and the name as it was presented and folded."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts until a time, in milliseconds."""

    most: int
    ends_at_ms: int

    def retry_after_seconds(self, now_ms: int) -> int:
        """Return in how many whole seconds the limit ends, at least one."""
        return max(1, -(-(self.ends_at_ms - now_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Counter:
    """One item with one or more counts, each with its limit; an attempt raises all of them."""

    key: str
    limits: Mapping[str, Limit]

    @property
    def expires_at(self) -> int:
        """Return when the counter can be forgotten, in epoch seconds."""
        return max(limit.ends_at_ms for limit in self.limits.values()) // 1000 + 1

    def reached(self, counts: Mapping[str, int]) -> Limit | None:
        """Return a limit that the counts have reached, or None."""
        return next((limit for name, limit in self.limits.items() if counts.get(name, 0) >= limit.most), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttles:
    """The limits of one deployment, attempts a window.

    Args:
        per_pair: from one source on one name, or from one known device.
        per_account: on one name, from everywhere.
        per_source: from one source, on all names.
        per_source_day: from one source, on all names, in a day: who tries many names is slowed.
        mask: turns a text into a name that only this deployment can derive.
    """

    window_ms: int
    per_pair: int
    per_account: int
    per_source: int
    per_source_day: int
    mask: Callable[[str], str]

    def of_source(self, attempt: Attempt, now_ms: int) -> Counter:
        """Return the counter of the source address."""
        source, window = self._source(attempt), now_ms // self.window_ms
        # Everybody behind one address shares its counts. Shards keep their writes apart.
        shard = int(self.mask(attempt.name)[:8], 16) % SOURCE_SHARDS
        day = now_ms // _DAY_MS
        limits = {
            f"w{window}": Limit(-(-self.per_source // SOURCE_SHARDS), (window + 1) * self.window_ms),
            "in_day": Limit(-(-self.per_source_day // SOURCE_SHARDS), (day + 1) * _DAY_MS),
        }
        return Counter(f"source#{source}#{shard}#{day}", limits)

    def of_name(self, attempt: Attempt, now_ms: int, *, known_address: bool) -> Counter:
        """Return the counter of the name.

        Args:
            attempt: source address and name.
            now_ms: the time, in milliseconds.
            known_address: whether this name signed in from this source before. Then only the tries from this
                source count.
        """
        window = now_ms // self.window_ms
        ends_at_ms = (window + 1) * self.window_ms
        limits = {f"s{self._source(attempt)[:12]}": Limit(self.per_pair, ends_at_ms)}
        if not known_address:
            limits["in_all"] = Limit(self.per_account, ends_at_ms)
        return Counter(f"name#{self.mask(attempt.name)}#{window}", limits)

    def of_mails(self, attempt: Attempt, now_ms: int) -> tuple[Counter, Counter]:
        """Return the counters of what asks for mails: of the source address, and of the name that was presented.

        The source comes first: whoever has none left must not fill the counters of names.
        """
        hour = now_ms // _HOUR_MS
        ends_at_ms = (hour + 1) * _HOUR_MS
        return (
            Counter(f"mails_from#{self._source(attempt)}#{hour}", {"in_all": Limit(MAILS_FROM_SOURCE, ends_at_ms)}),
            Counter(f"mails#{self.mask(attempt.name)}#{hour}", {"in_all": Limit(MAILS_AN_HOUR, ends_at_ms)}),
        )

    def of_invitations(self, tenant_id: TenantId, folded: str, now_ms: int) -> tuple[Counter, Counter]:
        """Return the counters of invitations: of the tenant, and of the address within the tenant.

        They are the tenant's own. So no tenant can use up what another may send to an address.
        """
        hour, day = now_ms // _HOUR_MS, now_ms // _DAY_MS
        ends_at_ms = (day + 1) * _DAY_MS
        of_tenant = {
            f"h{hour}": Limit(INVITATIONS_AN_HOUR, (hour + 1) * _HOUR_MS),
            "in_day": Limit(INVITATIONS_A_DAY, ends_at_ms),
        }
        return (
            Counter(f"invitations#{tenant_id}#{day}", of_tenant),
            Counter(
                f"invited#{tenant_id}#{self.mask(folded)}#{day}", {"in_day": Limit(INVITATIONS_TO_ONE, ends_at_ms)}
            ),
        )

    def of_codes(self, name: str, now_ms: int) -> Counter:
        """Return the counter of wrong codes that were tried for a name, in all its challenges."""
        day = now_ms // _DAY_MS
        return Counter(f"codes#{self.mask(name)}#{day}", {"in_all": Limit(CODES_A_DAY, (day + 1) * _DAY_MS)})

    def of_own(self, what: str, now_ms: int) -> Counter:
        """Return the counter of something that strangers do not have: a known device, or a session."""
        window = now_ms // self.window_ms
        return Counter(f"own#{what}#{window}", {"in_all": Limit(self.per_pair, (window + 1) * self.window_ms)})

    def trust(self, attempt: Attempt, now_ms: int) -> Trust:
        """Return what is remembered of a sign-in that succeeded."""
        return Trust(self.trust_key(attempt), now_ms // 1000 + TRUST_SECONDS)

    def trust_key(self, attempt: Attempt) -> str:
        """Return the key under which it is kept that the name signed in from this source."""
        return f"trust#{self._source(attempt)}#{self.mask(attempt.name)}"

    def _source(self, attempt: Attempt) -> str:
        return self.mask(f"source:{_network(attempt.source)}")


@dataclass(frozen=True, slots=True)
class Trust:
    """The memory that a name signed in from a source; `expires_at` in epoch seconds."""

    key: str
    expires_at: int


def _network(source: str) -> str:
    # One subscriber has a whole IPv6 /64 (RFC 6177), so single addresses there mean nothing.
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if address.version == 6:  # noqa: PLR2004 - IPv6
        return str(ipaddress.ip_network((address, 64), strict=False))
    return source
