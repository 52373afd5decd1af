"""One copy of each layer for all functions of the emulator, in place of one for each start of a function.

ministack 1.5.33 unpacks a layer anew into the folder of each worker: a hundred megabytes and a second a cold start.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_LOCK = threading.Lock()


def share() -> None:
    """Let the emulator in this process share layers."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


class SharedZip(zipfile.ZipFile):
    """An archive that, where a worker's layer is to be unpacked, is unpacked once and linked to."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:  # noqa: ANN401 - its base
        """Unpack a layer, or anything else as ever."""
        target = Path(path or ".")
        if not target.name.startswith("layer_"):
            super().extractall(path, members, pwd)
            return
        archive = Path(str(self.filename))
        with archive.open("rb") as content:
            name = hashlib.file_digest(content, "sha256").hexdigest()
        with _LOCK:
            shared = _home() / name
            if not shared.exists():
                unfinished = shared.with_suffix(".part")
                super().extractall(unfinished)
                unfinished.rename(shared)
            target.rmdir()
            target.symlink_to(shared)
            _remove_unused()
        archive.unlink()


def _home() -> Path:
    return Path(tempfile.gettempdir()) / "layers"


def _remove_unused() -> None:
    """Remove layers that no worker is linked to: a deploy has replaced them."""
    links = Path(tempfile.gettempdir()).glob("ministack-lambda-*/layer_*")
    used = {link.readlink().name for link in links if link.is_symlink()}
    for layer in _home().iterdir():
        if layer.name not in used:
            shutil.rmtree(layer, ignore_errors=True)
