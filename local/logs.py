"""`make logs`: what the functions of this folder's running local cloud logged, oldest first."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from local import cloud, here
from local.tools import Failure


def main() -> NoReturn:
    """Become the program that prints them, or end with a line that says why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is logged from now on")
    options = parser.parse_args()
    try:
        arguments = ["-m", "local.reader", *(["--follow"] if options.follow else [])]
        command, variables = cloud.emulators_python(here.running(), *arguments)
    except Failure as failure:
        sys.exit(f"doorward: {failure}")
    os.execve(command[0], command, {**os.environ, **variables})  # noqa: S606 - our own program


if __name__ == "__main__":
    main()
