"""Audit events: structured log lines that say what happened to whom, and hold no secret."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("doorward.audit")


def record(event: str, **fields: str | int | bool | None) -> None:
    """Log one audit event.

    Args:
        event: a stable name in the past tense, such as `session_revoked`.
        fields: identifiers and reasons, but never a token, a password or a hash.
    """
    _LOGGER.info(event, extra={"audit": {"event": event, **fields}})
