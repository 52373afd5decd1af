"""The program `sam`, without half of the time that it spends: `python -m local.quick_sam build …`.

PyYAML reads the template several times in Python, although libyaml comes with it. And Python looks for garbage after
each seven hundred objects, in what sam makes of a large API: that is a third of its time, and finds none.
"""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import Any


def read_by_libyaml() -> None:
    """Let PyYAML read and write with libyaml in this process; whatever uses PyYAML has to be imported afterwards."""
    yaml: Any = importlib.import_module("yaml")
    if yaml.__with_libyaml__:
        yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper


def collect_garbage_rarely() -> None:
    """Let Python look for garbage after a hundred thousand new objects."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def main() -> None:
    """Be sam, with the arguments of the command line."""
    root = Path(__file__).resolve().parents[1]
    # What has the name of a folder of ours is sam's own.
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != root]
    read_by_libyaml()
    command: Any = importlib.import_module("samcli.cli.main")
    collect_garbage_rarely()
    sys.exit(command.cli(prog_name="sam"))


if __name__ == "__main__":
    main()
