"""Take the tables of symbols out of shared libraries: Rust's are a third of a file, and no loader reads them.

    python strip.py FILE…

Only what the program headers name is loaded (ELF, gABI 4.1, chapter 5); the sections are for linkers and debuggers.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


def stripped(library: bytes) -> bytes:
    """Return a library without what lies behind its last segment, and without a table of sections.

    Anything but an ELF file of 64 bits, such as a library of macOS, stays as it is.
    """
    if not library.startswith(_ELF_64_LITTLE):
        return library
    header = list(_HEADER.unpack_from(library))
    start, size, count = header[5], header[9], header[10]
    segments = [_SEGMENT.unpack_from(library, start + number * size) for number in range(count)]
    end = max([start + count * size, *(offset + length for _, _, offset, _, _, length, _, _ in segments)])
    header[6] = header[12] = header[13] = 0  # where the table of sections is, how many there are, which has their names
    return (_HEADER.pack(*header) + library[_HEADER.size :])[:end]


def strip(file: Path) -> None:
    """Put a stripped library in the place of a file.

    The file is a new one. Installers link the files of their cache into a folder, so the old one may be in use by other
    programs, which have it in their memory: whoever wrote into it would end them, and spoil the cache.
    """
    fresh = file.with_name(f"{file.name}.stripped")
    fresh.write_bytes(stripped(file.read_bytes()))
    fresh.chmod(file.stat().st_mode)
    fresh.replace(file)


def main() -> None:
    """Strip the files that the arguments name."""
    for name in sys.argv[1:]:
        strip(Path(name))


if __name__ == "__main__":
    main()
