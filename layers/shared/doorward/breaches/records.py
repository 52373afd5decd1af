"""The two forms of a list of hashes: a plain one of the most common passwords, and an archive of everything known.

Both hold beginnings of SHA-1, sorted, of one size each. An archive begins with an index, so that a reader needs to
fetch only the records that share the first two bytes with the one it looks for. These two bytes are not stored.

An archive is: `MAGIC`; 65,537 numbers of eight bytes, big end first, of which number N says how many records come
before those of the beginning N; the records.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from mmap import mmap
from struct import pack, unpack_from
from typing import BinaryIO

COMMON_BYTES = 5
"""So much of a hash is in the plain form: one in 10^12 foreign hashes equals one of the 10,000 in the list."""

ARCHIVED_BYTES = 6
"""So much follows the two bytes that the index knows: 8 in all, for lists of 10^9."""

MAGIC = b"DWPASS1\n"
_BEGINNINGS = 1 << 16
HEAD_BYTES = len(MAGIC) + 8 * (_BEGINNINGS + 1)


class MalformedArchive(Exception):
    """What was read is no archive, or its input is not sorted."""


def contains(records: bytes | mmap, size: int, wanted: bytes) -> bool:
    """Return whether sorted records of one size have one that the wanted bytes begin with."""
    wanted, count = wanted[:size], len(records) // size
    found = bisect_left(range(count), wanted, key=lambda number: records[number * size : (number + 1) * size])
    return found < count and records[found * size : (found + 1) * size] == wanted


def common_records(passwords: Iterable[bytes]) -> bytes:
    """Return the plain form of a list, from the SHA-1 of each password."""
    return b"".join(sorted({sha1[:COMMON_BYTES] for sha1 in passwords}))


def write_archive(target: BinaryIO, hashes: Iterable[bytes]) -> int:
    """Write an archive, and return how many records it has.

    Args:
        target: a file that is empty and can be sought in.
        hashes: the SHA-1 of each password, sorted. Only one beginning of each is kept.

    Raises:
        MalformedArchive: they are not sorted.
    """
    counts = [0] * _BEGINNINGS
    target.seek(HEAD_BYTES)
    last = b""
    for sha1 in hashes:
        record = sha1[: 2 + ARCHIVED_BYTES]
        if record <= last:
            if record == last:
                continue
            raise MalformedArchive("the hashes are not sorted")
        last = record
        counts[record[0] << 8 | record[1]] += 1
        target.write(record[2:])
    target.seek(0)
    target.write(MAGIC + pack(f">{_BEGINNINGS + 1}Q", *accumulate(counts, initial=0)))
    return sum(counts)


def check_head(head: bytes, archive_bytes: int) -> None:
    """Make sure that these are the first bytes of an archive of this length.

    Raises:
        MalformedArchive: they are not.
    """
    if len(head) != HEAD_BYTES or not head.startswith(MAGIC):
        raise MalformedArchive("no archive")
    (records,) = unpack_from(">Q", head, HEAD_BYTES - 8)
    if archive_bytes != HEAD_BYTES + records * ARCHIVED_BYTES:
        raise MalformedArchive("an archive of another length")


def span(head: bytes, sha1: bytes) -> range:
    """Return which bytes of an archive have the records with the beginning of a hash."""
    before, through = unpack_from(">QQ", head, len(MAGIC) + 8 * (sha1[0] << 8 | sha1[1]))
    return range(HEAD_BYTES + before * ARCHIVED_BYTES, HEAD_BYTES + through * ARCHIVED_BYTES)


def archive_has(records: bytes, sha1: bytes) -> bool:
    """Return whether the records of an archive with the beginning of a hash have that hash."""
    return contains(records, ARCHIVED_BYTES, sha1[2:])
