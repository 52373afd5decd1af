"""Publish what is revoked."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.keyring import Signing
from doorward.model import Clock
from doorward.revocation_feed import compose, sign_feed, tag
from doorward.stores import RevocationFeedStore


@dataclass(frozen=True, slots=True)
class PublishRevocations:
    """Composes and signs the feed of revocations."""

    revocations: RevocationFeedStore
    signer: Signing
    clock: Clock

    def __call__(self, seen: str | None) -> tuple[str, str | None]:
        """Return the present tag, and the signed feed unless the caller has seen that very one.

        Args:
            seen: the tag of the feed that the caller has.

        Raises:
            NotInitialised: the deployment has no keys.
        """
        now_ms = self.clock()
        revoked = self.revocations.now(now_ms)
        content = compose(revoked)
        current = tag(content, now_ms)
        if seen is not None and current in seen:
            return current, None
        return current, sign_feed(content, self.signer.current(revoked.kids), self.signer.issuer, now_ms)
