"""What the feed for offline verifiers is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doorward.model.identities import TenantId, UserId

Digest = bytes
"""The first 12 bytes of a SHA-256 hash. It stands for a session, a token, a user or a tenant, and names nobody."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """What one item of the revocations says, of a user, of a tenant, or of the whole deployment.

    Args:
        tenant_id: whose it is; None for the deployment.
        user_id: whose it is; None for the whole tenant.
        min_epoch: the least epoch of tokens that count.
        spared_session_id: the session whose tokens count from `spared_min_epoch` on.
        sessions: the sessions that ended, with the time at which the table forgets each, in epoch seconds.
        tokens: the tokens that were revoked, in the same form.
        kids: the keys that were revoked, in the same form.
    """

    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    min_epoch: int = 0
    spared_session_id: str | None = None
    spared_min_epoch: int = 0
    sessions: Mapping[str, int] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    kids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long tokens live at most, in seconds.

    Args:
        access: users' access tokens.
        service: service tokens.
    """

    access: int
    service: int

    @property
    def longest(self) -> int:
        """Return how long any token lives at most."""
        return max(self.access, self.service)


@dataclass(frozen=True, slots=True)
class UserCutoff:
    """A general revocation of a user in a tenant. `end` is when it can be forgotten, in epoch seconds."""

    end: int
    epoch: int
    spared: Digest | None = None
    spared_epoch: int = 0


@dataclass(frozen=True, slots=True)
class TenantCutoff:
    """A general revocation of a tenant.

    Args:
        end: when it can be forgotten, in epoch seconds.
        epoch: the least epoch of tokens that count.
        users_before: users' tokens that were issued in this second or before do not count. The tenant revoked more
            than its share of the feed, so its tokens are not told apart any more.
        services_before: the same for service tokens.
    """

    end: int
    epoch: int = 0
    users_before: int = 0
    services_before: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is revoked, in the form of the feed's parts.

    Args:
        ended: the sessions that ended and the tokens that were revoked, by the time at which they can be forgotten.
        users: general revocations of users in tenants.
        tenants: general revocations of tenants.
    """

    ended: Mapping[int, frozenset[Digest]] = field(default_factory=dict)
    users: Mapping[Digest, UserCutoff] = field(default_factory=dict)
    tenants: Mapping[Digest, TenantCutoff] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many entries there are."""
        return sum(map(len, self.ended.values())) + len(self.users) + len(self.tenants)

    @property
    def end(self) -> int:
        """Return when all of it can be forgotten, in epoch seconds."""
        users = (cutoff.end for cutoff in self.users.values())
        return max([*self.ended, *users, *(cutoff.end for cutoff in self.tenants.values())], default=0)


@dataclass(frozen=True, slots=True)
class Part:
    """What the head says of an immutable part of the feed.

    Args:
        name: `s-` or `l-` (short-lived, lasting) and the SHA-256 of the part's text, in base64url.
        last: the number of the newest head whose changes the part has.
        end: when the part can be forgotten, in epoch seconds.
        entries: how many it has.
        size: of its text, in bytes.
        level: how often its entries were merged.
    """

    name: str
    last: int
    end: int
    entries: int
    size: int
    level: int = 0

    @property
    def lasting(self) -> bool:
        """Return whether the part is of entries that live for long."""
        return self.name.startswith("l-")


@dataclass(frozen=True, slots=True)
class Load:
    """How many entries tenants added lately, by the tenant's digest; counts fade as entries do."""

    at: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the feed: the newest changes themselves, and the parts that have all the others.

    Args:
        number: rises by one with each change.
        issued_at: when it was signed, in epoch seconds.
        tail_from: the tail has the changes of the heads with this number and later ones.
        tail: the newest changes.
        parts: the other changes.
        kids: the revoked keys, with the time at which each can be forgotten.
        deployment: the least epoch of the deployment; 0 if it has none.
        deployment_end: when that can be forgotten.
        lives: the longest lives of tokens that may be out.
        lives_until: until when these count although the deployment's settings are shorter by now.
        user_load: what users' revocations weigh, by tenant; empty while there is room.
        service_load: what services' revocations weigh.
    """

    number: int
    issued_at: int
    tail_from: int
    lives: Lives
    lives_until: int = 0
    tail: Facts = field(default_factory=Facts)
    parts: tuple[Part, ...] = ()
    kids: Mapping[str, int] = field(default_factory=dict)
    deployment: int = 0
    deployment_end: int = 0
    user_load: Load = field(default_factory=Load)
    service_load: Load = field(default_factory=Load)
