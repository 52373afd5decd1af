"""Prints what functions logged, in the order of time; runs in the emulator's Python, for boto3."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import boto3

_EVERY_SECONDS = 1
_NOISE = ("START ", "END ", "REPORT ")

Event = tuple[int, str, str]
"""When it was logged (milliseconds), by whom, and what."""


class Reader:
    """Reads all log groups, each event once."""

    def __init__(self, logs: Any) -> None:  # noqa: ANN401 - boto3
        """Take the client of CloudWatch Logs."""
        self._logs = logs
        self._read: dict[str, int] = {}

    def fresh(self) -> list[Event]:
        """Return what was logged since the last time, in order: lines of one moment stay as they were written."""
        pages = self._logs.get_paginator("describe_log_groups").paginate()
        names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        return sorted((event for name in names for event in self._of(name)), key=lambda event: event[0])

    def _of(self, name: str) -> Iterator[Event]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=name)
        events: list[Mapping[str, Any]] = [event for page in pages for event in page["events"]]
        for event in events[self._read.get(name, 0) :]:
            yield event["timestamp"], name.rpartition("/")[2], event["message"].rstrip()
        self._read[name] = len(events)


def lines(events: Iterable[Event]) -> Iterator[str]:
    """Return each event as a line: when, who, what."""
    for timestamp_ms, name, message in events:
        if not message.startswith(_NOISE):
            when = dt.datetime.fromtimestamp(timestamp_ms / 1000, dt.UTC).isoformat(timespec="milliseconds")
            yield f"{when.replace('+00:00', 'Z')} {name} {message}"


def main() -> None:
    """Print what there is, and then, if told, what comes."""
    reader = Reader(boto3.client("logs"))
    while True:
        for line in lines(reader.fresh()):
            print(line, flush=True)
        if "--follow" not in sys.argv:
            return
        time.sleep(_EVERY_SECONDS)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
