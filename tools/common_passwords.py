"""Write the list of common passwords that the accounts layer has: `make common-passwords`.

The passwords are those of the package zxcvbn, which is in the same layer (MIT licence): the ones that were most
frequent in published leaks. Those with fewer than 8 characters are left out, because they are refused anyway. Files
that are named, with a password a line, are added: `make common-passwords LIST=FILE`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from doorward.breaches.common import FILE, PACKAGE
from doorward.breaches.records import common_records
from doorward.rules.passwords import MIN_LENGTH

TARGET = Path(__file__).resolve().parents[1] / "layers" / "accounts" / PACKAGE / FILE


def records(more: Iterable[str] = ()) -> bytes:
    """Return the list, with more passwords if some are given."""
    return common_records(
        hashlib.sha1(password.encode(), usedforsecurity=False).digest()
        for password in (*FREQUENCY_LISTS["passwords"], *more)
        if len(password) >= MIN_LENGTH
    )


def _lines(files: Iterable[str]) -> Iterator[str]:
    for name in files:
        yield from Path(name).read_text("utf-8").splitlines()


if __name__ == "__main__":
    TARGET.write_bytes(records(_lines(sys.argv[1:])))
