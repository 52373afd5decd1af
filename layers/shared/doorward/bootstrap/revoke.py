"""What the revoke function needs."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.sessions.revoke import Revoke
from doorward.settings import Settings


def wire(settings: Settings) -> Revoke:
    """Return the use case of revoking a token."""
    parts = Parts(settings)
    return Revoke(parts.sessions, parts.revocations, parts.keyring, parts.mac_keyring, settings.audience, clock)
