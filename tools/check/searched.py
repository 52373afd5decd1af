"""The search for secrets: in the files that git has, and in all that it ever had."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.check.leaked import KnownSecrets, lines_of, secrets_of


def tracked(root: Path) -> list[str]:
    """Return the paths of the files of the working tree that git knows, and of those that it does not ignore."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").decode()
    return [path for path in listed.split("\0") if path and (root / path).is_file()]


def search_tree(root: Path, paths: Iterable[str], known: KnownSecrets) -> list[str]:
    """Return one line for each secret in files of the working tree."""
    return [
        f"{path}:{number}: {kind}"
        for path in paths
        for number, line in enumerate(lines_of((root / path).read_bytes()), start=1)
        for kind in secrets_of(line, path, known)
    ]


def search_history(root: Path, known: KnownSecrets) -> tuple[list[str], int]:
    """Look for secrets in every version of every file that led to the commit that is checked out.

    Each different line is looked at once, with the first file that had it, and again in files of which the list of
    known secrets says something else. What looks drawn by chance is not looked for: the history has much of that kind.

    Returns:
        One line for each secret; and how many versions of files were searched.
    """
    seen: set[tuple[frozenset[str], str]] = set()
    findings = []
    number = 0
    for path, blob, content in _versions(root):
        number += 1
        place = known.told_of(path)
        for line in lines_of(content):
            if (place, line) in seen:
                continue
            seen.add((place, line))
            for kind in secrets_of(line, path, known, by_chance=False):
                commit = _git(root, "log", "-1", "-m", "--format=%h", f"--find-object={blob}").decode().strip()
                findings.append(f"history, {path} in {commit}: {kind}")
    return findings, number


def _versions(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield path, id and content of every version of every file of the history."""
    named = [line.split(" ", 1) for line in _git(root, "rev-list", "--objects", "HEAD").decode().splitlines()]
    paths = {words[0]: words[1] for words in named if len(words) == 2 and words[1]}  # noqa: PLR2004 - id and path
    kinds = _git(root, "cat-file", "--batch-check", given="\n".join(paths)).decode().splitlines()
    blobs = [line.split(" ")[0] for line in kinds if line.split(" ")[1] == "blob"]
    contents = _git(root, "cat-file", "--batch", given="\n".join(blobs))
    begin = 0
    for blob in blobs:
        # Each is told as `id kind size`, a line feed, the content and a line feed.
        end = contents.index(b"\n", begin)
        size = int(contents[begin:end].rsplit(b" ", 1)[1])
        yield paths[blob], blob, contents[end + 1 : end + 1 + size]
        begin = end + size + 2


def _git(root: Path, *arguments: str, given: str = "") -> bytes:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout
