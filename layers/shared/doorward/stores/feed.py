"""The storage that the feed for offline verifiers needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from doorward.model import Revoked


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The signed head as it is stored, and the version that a change of it must name."""

    text: str
    version: str


class FeedStore(Protocol):
    """The head of the feed and its parts, as their one writer sees them."""

    def get_head(self) -> StoredHead | None:
        """Return the head, None if there is none yet."""

    def put_head(self, text: str, version: str | None) -> bool:
        """Store a head, if the stored one has this version still; None if there must be none.

        Returns:
            Whether it was stored. False also if it was, but a first answer was lost.
        """

    def get_part(self, name: str) -> str | None:
        """Return the text of a part, None if there is none."""

    def put_part(self, name: str, text: str) -> None:
        """Store a part. Repeating this changes nothing: the name is the hash of the text."""


class FeedReader(Protocol):
    """The head of the feed and its parts, as anybody reads them."""

    def read_head(self, seen: str | None) -> tuple[str, str | None]:
        """Return the tag of the head, and its text unless it has a tag that the caller has seen.

        Raises:
            Unavailable: there is no head yet.
        """

    def get_part(self, name: str) -> str | None:
        """Return the text of a part, None if there is none."""


class RevocationSource(Protocol):
    """Everything that is revoked, as the table says."""

    def list_all(self) -> Iterator[Sequence[Revoked]]:
        """Return all revocations, in pages, from consistent reads."""
