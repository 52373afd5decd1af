"""Reading the feed as it lies in S3: the head, and the parts under `parts/`."""

from __future__ import annotations

from abc import ABC, abstractmethod

from doorward.errors import Unavailable
from doorward.stores import StoredHead

HEAD = "head"
PARTS = "parts/"
ABSENT = frozenset({"NoSuchKey", "AccessDenied", "404"})
"""S3 says AccessDenied of an object that is not there to whom may not list the bucket."""


class StoredFeed(ABC):
    """Reads the feed. `FeedBucket` and `SignedFeed` say how an object comes here."""

    def get_head(self) -> StoredHead | None:
        """Return the head, None if there is none yet.

        Raises:
            Unavailable: S3 does not answer.
        """
        return self._get(HEAD)

    def read_head(self, seen: str | None) -> tuple[str, str | None]:
        """Return the tag of the head, and its text unless it has a tag that the caller has seen.

        Raises:
            Unavailable: there is no head yet, or S3 does not answer.
        """
        found = self._get(HEAD)
        if found is None:
            raise Unavailable(reason="feed:no_head")
        tag = found.version.strip('"')
        return tag, None if seen is not None and tag in seen else found.text

    def get_part(self, name: str) -> str | None:
        """Return the text of a part, None if there is none.

        Raises:
            Unavailable: S3 does not answer.
        """
        found = self._get(f"{PARTS}{name}")
        return None if found is None else found.text

    @abstractmethod
    def _get(self, key: str) -> StoredHead | None:
        """Return an object and its tag, None if there is none.

        Raises:
            Unavailable: S3 does not answer, or refuses.
        """
