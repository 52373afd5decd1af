"""Move keys through their states, every hour and when scripts/rotate_keys.py asks for it."""

from __future__ import annotations

from typing import Any

from doorward import audit
from doorward.bootstrap.once import once
from doorward.bootstrap.rotation import wire
from doorward.keys.commands import execute

services = once(wire)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
    """Carry out a command of the key rotation, and return the keys after it."""
    with audit.of_request(event):  # so that the trail also keeps what is written to Secrets Manager alone
        services().ensure_name_key()
        return execute(services().signing, services().mac, event)
