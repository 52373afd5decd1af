"""What the refresh function needs."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.bootstrap.clock import clock
from doorward.bootstrap.parts import Parts
from doorward.sessions.refresh import Refresh
from doorward.sessions.switch import SwitchTenant
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Refreshing, and switching to another tenant."""

    refresh: Refresh
    switch: SwitchTenant


def wire(settings: Settings) -> Services:
    """Return the use cases of refreshing."""
    parts = Parts(settings)
    overlap_seconds = settings.refresh_overlap_seconds
    refresh = Refresh(parts.sessions, parts.minter, clock, overlap_seconds)
    return Services(refresh, SwitchTenant(parts.sessions, parts.minter, refresh, clock, overlap_seconds))
