"""Set up the log of a function."""

from __future__ import annotations

import json
import logging


class LineFormatter(logging.Formatter):
    """Writes a record and its structured parts on one line.

    The formatter is used where the runtime formats no logs.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        parts = {name: getattr(record, name) for name in ("audit", "refusal", "trace") if hasattr(record, name)}
        return f"{record.levelname} {record.name} {record.getMessage()} {json.dumps(parts)}"


def set_up_logging() -> None:
    """Let Doorward log from level INFO on.

    The log goes to standard error if the runtime has set up no handler.
    """
    logging.getLogger("doorward").setLevel(logging.INFO)
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter())
        logging.getLogger().addHandler(handler)
