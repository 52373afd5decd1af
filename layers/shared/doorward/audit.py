"""Audit events: what happened to whom, as structured log lines without secrets."""

from __future__ import annotations

import json
import logging

_LOGGER = logging.getLogger("doorward.audit")


def record(event: str, **fields: str | int | bool | None) -> None:
    """Log one audit event.

    Args:
        event: a stable name in the past tense, such as `session_revoked`.
        fields: identifiers and reasons; never a token, a password or a hash.
    """
    _LOGGER.info(event, extra={"audit": {"event": event, **fields}})


class LineFormatter(logging.Formatter):
    """Writes a record and its structured parts on one line, where nobody else formats logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        parts = {name: getattr(record, name) for name in ("audit", "refusal", "trace") if hasattr(record, name)}
        return f"{record.levelname} {record.name} {record.getMessage()} {json.dumps(parts)}"


def log_to_stderr() -> None:
    """Log to the standard error stream, unless the runtime set logging up, as Lambda's does."""
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter())
        logging.getLogger().addHandler(handler)
