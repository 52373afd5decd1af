"""Publish what is revoked."""

from __future__ import annotations

from doorward.keys.keyring import Signing
from doorward.model import Clock
from doorward.stores import RevocationFeedStore
from doorward.tokens.feed import compose, sign_feed, tag

_KEPT_MS = 1000


class PublishRevocations:
    """Composes and signs the feed of revocations; within a second, callers get the same."""

    def __init__(self, revocations: RevocationFeedStore, signer: Signing, clock: Clock) -> None:
        """Take what is revoked, and what signs."""
        self._revocations = revocations
        self._signer = signer
        self._clock = clock
        self._kept: tuple[str, str] | None = None
        self._kept_at_ms = 0

    def __call__(self, seen: str | None) -> tuple[str, str | None]:
        """Return the present tag, and the signed feed unless the caller has seen that very one.

        Args:
            seen: the tag of the feed that the caller has.

        Raises:
            NotInitialised: the deployment has no keys.
        """
        now_ms = self._clock()
        # Anybody may ask as often as they like. The reads of the table and the signatures must not grow with that.
        if self._kept is None or now_ms - self._kept_at_ms >= _KEPT_MS:
            self._kept, self._kept_at_ms = self._signed(now_ms), now_ms
        current, text = self._kept
        return current, None if seen is not None and current in seen else text

    def _signed(self, now_ms: int) -> tuple[str, str]:
        revoked = self._revocations.list_live(now_ms)
        content = compose(revoked)
        current = tag(content, now_ms)
        if self._kept is not None and self._kept[0] == current:
            return self._kept
        return current, sign_feed(content, self._signer.current(revoked.kids), self._signer.issuer, now_ms)
