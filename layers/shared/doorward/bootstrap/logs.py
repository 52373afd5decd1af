"""How a function logs."""

from __future__ import annotations

import json
import logging


class LineFormatter(logging.Formatter):
    """Writes a record and its structured parts on one line, where nobody else formats logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        parts = {name: getattr(record, name) for name in ("audit", "refusal", "trace") if hasattr(record, name)}
        return f"{record.levelname} {record.name} {record.getMessage()} {json.dumps(parts)}"


def set_up_logging() -> None:
    """Log what Doorward tells from INFO on; to the standard error stream where the runtime set up nothing else."""
    logging.getLogger("doorward").setLevel(logging.INFO)
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LineFormatter())
        logging.getLogger().addHandler(handler)
