"""What a verifier knows of revocations, and how it learns what is new."""

from __future__ import annotations

from collections.abc import Callable

from doorward.errors import InvalidToken, Unavailable
from doorward.keys.keyring import Verifying
from doorward.model import (
    AccessTokenClaims,
    Facts,
    Head,
    Revocations,
    RevocationState,
    TenantCutoff,
    UserCutoff,
    is_service,
)
from doorward.rules.facts import later, session_digest, stricter, tenant_digest, token_digest, user_digest
from doorward.rules.feed import MAX_AGE_SECONDS
from doorward.tokens.feed import decode_part, verify_head

Fetch = Callable[[str, str | None], tuple[str | None, str | None]]
"""A function that takes a URL and a known ETag, and returns the text and its ETag; None for an unchanged text."""


class KnownRevocations:
    """The revocations that were read, in memory. One thread adds to them, while others ask."""

    def __init__(self) -> None:
        """Know nothing."""
        self._ended: dict[int, set[bytes]] = {}
        self._users: dict[bytes, UserCutoff] = {}
        self._tenants: dict[bytes, TenantCutoff] = {}

    def __len__(self) -> int:
        """Return how many entries are known."""
        return sum(map(len, self._ended.values())) + len(self._users) + len(self._tenants)

    def add(self, facts: Facts) -> None:
        """Add entries."""
        groups = dict(self._ended)  # others walk through this very dictionary: a new one takes its place
        for end, digests in facts.ended.items():
            groups.setdefault(end, set()).update(digests)
        self._ended = groups
        for digest, cutoff in facts.users.items():
            self._users[digest] = later(self._users.get(digest), cutoff)
        for digest, whole in facts.tenants.items():
            self._tenants[digest] = stricter(self._tenants.get(digest), whole)

    def forget(self, now: int) -> None:
        """Forget what concerns no token any more.

        Args:
            now: the time, in epoch seconds.
        """
        self._ended = {end: digests for end, digests in self._ended.items() if end > now}
        self._users = {digest: cutoff for digest, cutoff in self._users.items() if cutoff.end > now}
        self._tenants = {digest: cutoff for digest, cutoff in self._tenants.items() if cutoff.end > now}

    def of(self, claims: AccessTokenClaims, head: Head) -> Revocations:
        """Return what is revoked that can concern a token."""
        return Revocations(self._user(claims), self._tenant_epoch(claims), frozenset(head.kids), head.deployment)

    def _user(self, claims: AccessTokenClaims) -> RevocationState:
        place = claims.tenant_id, claims.user_id
        session = session_digest(*place, claims.session_id)
        token = token_digest(*place, claims.token_id)
        cutoff = self._users.get(user_digest(*place))
        spared = cutoff is not None and cutoff.spared == session
        return RevocationState(
            min_epoch=cutoff.epoch if cutoff else 0,
            spared_session_id=claims.session_id if spared else None,
            spared_min_epoch=cutoff.spared_epoch if cutoff and spared else 0,
            sessions=frozenset([claims.session_id] if self._has(session) else []),
            tokens=frozenset([claims.token_id] if self._has(token) else []),
        )

    def _has(self, digest: bytes) -> bool:
        return any(digest in digests for digests in self._ended.values())

    def _tenant_epoch(self, claims: AccessTokenClaims) -> int:
        cutoff = self._tenants.get(tenant_digest(claims.tenant_id))
        if cutoff is None:
            return 0
        before = cutoff.services_before if is_service(claims.user_id) else cutoff.users_before
        # A tenant that revoked more than its share: which of its tokens of then it revoked, nobody can tell.
        return claims.epochs.tenant + 1 if claims.issued_at <= before else cutoff.epoch


class ReadFeed:
    """Reads the head, and the parts whose changes are not known yet."""

    def __init__(self, url: str, keyring: Verifying, fetch: Fetch) -> None:
        """Take the issuer's URL, the keys that verify, and what reads a URL."""
        self._url = f"{url}/.well-known/revocations"
        self._keyring = keyring
        self._fetch = fetch
        self._etag: str | None = None
        self._taken: set[str] = set()
        self.head: Head | None = None
        self.known = KnownRevocations()

    def __call__(self, now: int) -> None:
        """Learn what is new.

        Args:
            now: the time before this call, in epoch seconds.

        Raises:
            Unavailable: the head or a part cannot be read.
            InvalidToken: the head or a part is none of the issuer's, or the head is an old copy.
        """
        try:
            text, etag = self._fetch(self._url, self._etag)
            head = self.head if text is None else verify_head(text, self._keyring)
            self._take(head, now)
        except (Unavailable, InvalidToken):
            self._etag = None
            raise
        self._etag = etag or self._etag

    def _take(self, head: Head | None, now: int) -> None:
        """Take a head, unless it is an old copy: an old copy may lack revocations that are known."""
        known = self.head
        if head is None or now - head.issued_at > MAX_AGE_SECONDS:
            raise InvalidToken(reason="old_revocations")
        if known is not None and (head.number, head.issued_at) < (known.number, known.issued_at):
            raise InvalidToken(reason="old_revocations")
        number = known.number if known else 0
        for part in head.parts:
            if part.last > number and part.end > now and part.name not in self._taken:
                text, _ = self._fetch(f"{self._url}/parts/{part.name}", None)
                self.known.add(decode_part(text or "", part.name))
                self._taken.add(part.name)
        self._taken &= {part.name for part in head.parts}
        if head.number > number:
            self.known.add(head.tail)
        self.known.forget(now)
        self.head = head
