"""Audit events: what happened to whom, who asked for it, and from where. They hold no secret.

`record` writes a line to the log. `act` also keeps the event in the audit trail (docs/audit.md), in the transaction of
what it tells of, if there is one; `add` keeps it in a write of its own.
"""

from __future__ import annotations

from doorward.audit.acts import Act, act, add, pending, record, works
from doorward.audit.requests import of_request, plain

__all__ = ["Act", "act", "add", "of_request", "pending", "plain", "record", "works"]
