"""What the stream of revocations tells the function that closes sockets."""

from __future__ import annotations

from typing import Any

import pytest

from functions.close_sockets import app


def _record(kind: str, pk: str) -> dict[str, Any]:
    return {"eventName": kind, "dynamodb": {"Keys": {"pk": {"S": pk}}}}


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        ({"detail-type": "Scheduled Event"}, None),
        ({"Records": []}, []),
        ({"Records": [_record("INSERT", "a"), _record("MODIFY", "b"), _record("REMOVE", "c")]}, ["a", "b"]),
    ],
)
def test_what_was_removed_is_over_already_and_changes_nothing(event: dict[str, Any], keys: list[str] | None) -> None:
    assert app._changed(event) == keys
