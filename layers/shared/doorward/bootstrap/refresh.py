"""What the refresh function needs."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.sessions.refresh import Refresh
from doorward.settings import Settings


def wire(settings: Settings) -> Refresh:
    """Return the use case of refreshing."""
    parts = Parts(settings)
    return Refresh(parts.sessions, parts.minter, clock, settings.refresh_overlap_seconds)
