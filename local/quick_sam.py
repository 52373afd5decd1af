"""The program `sam`, without the time that it spends on copies and on YAML: `python -m local.quick_sam build …`.

More than half of a deploy was this: aws-sam-translator 1.115, in sam as in the emulator, copies the whole API twice for
each of its routes, key by key; PyYAML reads the template five times in Python, although libyaml comes with it; and
Python looks through all of it for garbage. What comes out is the same to the byte.
"""

from __future__ import annotations

import copy
import gc
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_Memo = dict[int, Any]
_SLOTS: dict[tuple[str, ...], tuple[list[int], int, int, int]] = {}
"""Where the keys of a dictionary are once they have been added in that order; few orders come all the time."""


class _Copier:
    """Copies what samtranslator makes of a template, as `copy.deepcopy` does.

    Args:
        ordered: samtranslator's module of dictionaries with the order of Python 2.
    """

    def __init__(self, ordered: Any) -> None:  # noqa: ANN401 - a module without types
        self._mapping, self._keys = ordered.Py27Dict, ordered.Py27Keys
        self._plain = frozenset({str, ordered.Py27UniStr, int, bool})
        self._by_kind: dict[type, Callable[[Any, _Memo], Any]] = {list: self._list, dict: self._dict}
        self._by_kind[self._mapping] = self.mapping

    def mapping(self, value: Any, memo: _Memo) -> Any:  # noqa: ANN401 - JSON
        """Copy a dictionary with the order of Python 2."""
        result = memo[id(value)] = self._mapping.__new__(self._mapping)
        result.keylist = _copied_keys(value.keylist, self._keys)
        # Its own method would add each key to the list of keys once more.
        dict.update(result, {name: self._copied(one, memo) for name, one in dict.items(value)})
        return result

    def _copied(self, value: Any, memo: _Memo) -> Any:  # noqa: ANN401 - JSON
        kind = type(value)
        if kind in self._plain:
            return value
        known = memo.get(id(value))
        return self._by_kind.get(kind, copy.deepcopy)(value, memo) if known is None else known

    def _list(self, value: list[Any], memo: _Memo) -> list[Any]:
        result: list[Any] = []
        memo[id(value)] = result
        result += [self._copied(one, memo) for one in value]
        return result

    def _dict(self, value: dict[str, Any], memo: _Memo) -> dict[str, Any]:
        result: dict[str, Any] = {}
        memo[id(value)] = result
        result |= {name: self._copied(one, memo) for name, one in value.items()}
        return result


def _copied_keys(keys: Any, kind: Any) -> Any:  # noqa: ANN401 - samtranslator's own
    """Return what adding the keys anew in their order makes, of which the order that comes of it is a part."""
    order = keys.keyorder
    # One that was removed leaves a mark behind, which `keys()` leaves out.
    names = [order[slot] for slot in sorted(order)] if keys.fill == keys.size else keys.keys()
    known = _SLOTS.get(tuple(names))
    if known is None:
        found = kind()
        for name in names:
            found.add(name)
        slots = {name: slot for slot, name in found.keyorder.items()}
        _SLOTS[tuple(names)] = [slots[name] for name in names], found.size, found.fill, found.mask
        return found
    found = kind.__new__(kind)
    taken, found.size, found.fill, found.mask = known
    found.debug, found.keyorder = False, dict(zip(taken, names, strict=True))
    return found


def install() -> None:
    """Make PyYAML and samtranslator quick in this process; whatever uses PyYAML has to be imported afterwards."""
    yaml: Any = importlib.import_module("yaml")
    if yaml.__with_libyaml__:
        yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper
    ordered: Any = importlib.import_module("samtranslator.utils.py27hash_fix")
    copier = _Copier(ordered)

    def deepcopy(self: Any, memo: _Memo) -> Any:  # noqa: ANN401 - JSON
        return copier.mapping(self, memo)

    ordered.Py27Dict.__deepcopy__ = deepcopy


def collect_garbage_rarely() -> None:
    """Let Python look for garbage after a hundred thousand new objects, not after seven hundred."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def main() -> None:
    """Be sam, with the arguments of the command line."""
    root = Path(__file__).resolve().parents[1]
    # What has the name of a folder of ours is sam's own.
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != root]
    install()
    command: Any = importlib.import_module("samcli.cli.main")
    collect_garbage_rarely()
    sys.exit(command.cli(prog_name="sam"))


if __name__ == "__main__":
    main()
