"""The most common passwords, in a file of the accounts layer."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path

from doorward.breaches.records import COMMON_BYTES, contains
from doorward.errors import Misconfigured

PACKAGE = "doorward_common_passwords"
FILE = "sha1.bin"


class CommonPasswords:
    """Looks passwords up in a sorted file of the first bytes of their SHA-1.

    `tools/common_passwords.py` makes the file (docs/decisions/0023-breached-passwords.md).
    """

    def __init__(self, file: Path | None = None) -> None:
        """Take the file, by default the one of the accounts layer. The first look-up opens it."""
        self._file = file

    def count(self, sha1: bytes) -> int:
        """Return 1 if the list has a password of this SHA-1, else 0.

        Raises:
            Misconfigured: the function has no such file.
        """
        return int(contains(self._records, COMMON_BYTES, sha1))

    @cached_property
    def _records(self) -> mmap:
        try:
            with (self._file or _in_layer()).open("rb") as file:
                found = mmap(file.fileno(), 0, access=ACCESS_READ)
        except (OSError, ValueError) as error:  # an empty file cannot be mapped
            raise Misconfigured(reason=f"the list of common passwords cannot be read: {error}") from error
        if len(found) % COMMON_BYTES:
            raise Misconfigured(reason="the list of common passwords is malformed")
        return found


def _in_layer() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the function has no layer with {PACKAGE}")
    return Path(spec.origin).with_name(FILE)
