"""What the well_known function needs: the public key set."""

from __future__ import annotations

import os
from dataclasses import dataclass

from doorward.bootstrap.keys import verifying_keys
from doorward.dynamodb.wire import Endpoint, WireReads
from doorward.keyring import Verifying
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The public keys, and how long others may keep them."""

    keyring: Verifying
    max_age_seconds: int


def wire(settings: Settings) -> Services:
    """Return the public keys."""
    gateway = WireReads(Endpoint.from_environment(os.environ))
    return Services(verifying_keys(settings, gateway), settings.key_cache_seconds)
