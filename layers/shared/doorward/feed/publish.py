"""Publish what is revoked: a signed head that changes, and parts that never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from doorward import audit
from doorward.errors import InvalidToken, Unavailable
from doorward.keys.keyring import Signing
from doorward.model import Clock, Facts, Head, Lives, Part, Revoked
from doorward.rules.facts import by_life, joined, live, pieces
from doorward.rules.feed import (
    GAP_SECONDS,
    PART_ENTRIES,
    SIGNED_ANEW_SECONDS,
    TAIL_ENTRIES,
    advanced,
    first_head,
    issued,
    mergeable,
    noted,
    pruned,
    refounded,
    replaced,
)
from doorward.stores import FeedStore, RevocationSource
from doorward.tokens.feed import decode_part, encode_part, part_of, read_head, sign_head

_TRIES = 60
Change = Callable[[Head], Head]


class PublishFeed:
    """Moves the head of the feed.

    Several may run at once. Parts are stored before a head names them, and a head is stored only in place of the very
    head that it was made from, so nothing that was published is lost.
    """

    def __init__(
        self,
        store: FeedStore,
        source: RevocationSource,
        signer: Signing,
        clock: Clock,
        configured: Lives,
        *,
        tail_entries: int = TAIL_ENTRIES,
    ) -> None:
        """Take what the feed is made from.

        Args:
            store: has the feed.
            source: has all that is revoked.
            signer: signs heads.
            clock: returns the time in milliseconds.
            configured: how long tokens live by the deployment's settings.
            tail_entries: the most entries that a head has itself.
        """
        self._store = store
        self._source = source
        self._signer = signer
        self._clock = clock
        self._configured = configured
        self._tail_entries = tail_entries

    def add(self, revoked: Sequence[Revoked]) -> None:
        """Publish what became revoked. The caller repeats a call that failed: nothing is lost, and no harm done.

        Raises:
            Unavailable: the head cannot be stored, or others came first in every try.
            NotInitialised: the deployment has no keys.
        """
        if revoked:
            self._change(lambda head: advanced(head, revoked, self._configured, self._now()))

    def keep(self) -> None:
        """Sign the head anew if it grows old, forget what is over, and merge parts that became many.

        If a part turns out to be missing or altered, the feed is made from the table.

        Raises:
            Unavailable, NotInitialised: as `add`.
        """
        stored = self._store.get_head()
        parts = mergeable(read_head(stored.text).parts) if stored else []
        try:
            merged = [(group, self._merged(group)) for group in parts]
        except InvalidToken:
            self.rebuild()
            return

        def change(head: Head) -> Head:
            for group, part in merged:
                head = replaced(head, group, part)
            return pruned(head, self._now())

        self._change(change)

    def rebuild(self) -> None:
        """Publish the whole table anew: after a restore, or when somebody doubts the feed.

        Raises:
            Unavailable, NotInitialised: as `add`.
        """
        stored = self._store.get_head()
        before = read_head(stored.text) if stored else first_head(self._clock(), self._configured)
        built = self._built(issued(before, self._configured, self._now()).lives)
        self._change(lambda head: refounded(head, built, before.number, self._now()), make=lambda: built)
        audit.record("feed_rebuilt", parts=len(built.parts), entries=sum(part.entries for part in built.parts))

    def _change(self, change: Change, make: Callable[[], Head] | None = None) -> None:
        for _ in range(_TRIES):
            stored = self._store.get_head()
            head = read_head(stored.text) if stored else (make or self._built)()
            if make is None and self._now() - head.issued_at > GAP_SECONDS:
                self.rebuild()
                continue
            # What is to be added is in the table already, so a feed that is made from the table has it.
            changed = self._flushed(change(head) if stored else head)
            if stored and changed == head and self._now() - head.issued_at < SIGNED_ANEW_SECONDS:
                return
            signed = issued(changed, self._configured, self._now())
            text = sign_head(signed, self._signer.current(signed.kids), self._signer.issuer)
            if self._store.put_head(text, stored.version if stored else None):
                return
        raise Unavailable(reason="feed:conflicts")

    def _flushed(self, head: Head) -> Head:
        """Return the head with its tail moved into parts, if the tail has more entries than a head may have."""
        if len(head.tail) <= self._tail_entries:
            return head
        short, lasting = by_life(head.tail, self._now())
        parts = [
            *(self._stored(facts, head.number, lasting=False) for facts in pieces(short, PART_ENTRIES)),
            *(self._stored(facts, head.number, lasting=True) for facts in pieces(lasting, PART_ENTRIES)),
        ]
        return replace(head, tail_from=head.number + 1, tail=Facts(), parts=(*head.parts, *parts))

    def _stored(self, facts: Facts, last: int, *, lasting: bool, level: int = 0) -> Part:
        text = encode_part(facts)
        part = part_of(text, facts, last, lasting=lasting, level=level)
        self._store.put_part(part.name, text)
        return part

    def _merged(self, group: Sequence[Part]) -> Part | None:
        """Return a part with what still counts of a group; None if nothing does."""
        newest = group[-1]
        if len(group) == 1:
            return replace(newest, level=newest.level + 1)
        facts = live(joined(self._read(group)), self._now())
        if not facts:
            return None
        return self._stored(facts, newest.last, lasting=newest.lasting, level=newest.level + 1)

    def _read(self, group: Sequence[Part]) -> Iterator[Facts]:
        for part in group:
            yield decode_part(self._store.get_part(part.name) or "", part.name)

    def _built(self, lives: Lives | None = None) -> Head:
        """Return a head that is made from the table alone."""
        head = first_head(self._clock(), lives or self._configured)
        for page in self._source.list_all():
            head = self._flushed(noted(head, page, self._now()))
        return head

    def _now(self) -> int:
        return self._clock() // 1000
