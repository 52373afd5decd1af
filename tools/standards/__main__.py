"""Write docs/standards, or with `--check` see that it says what catalogues and tests say: `make standards`.

`--summary` prints a line for each standard.
"""

from __future__ import annotations

import re
import sys

from tests.support.tally import count
from tools.standards.report import found_faults, summaries, write_pages


def main(arguments: list[str]) -> int:
    """Do what the arguments say, and return the exit status."""
    if "--summary" in arguments:
        print("\n".join(summaries()))  # noqa: T201 - a command
        return 0
    if "--check" not in arguments:
        write_pages()
    found = found_faults()
    for line in summaries():
        for name, number in re.findall(r"(not met|not applicable|met) (\d+)", line):
            count(f"requirements of standards {name}", int(number))
    print("\n".join(found or summaries()))  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
