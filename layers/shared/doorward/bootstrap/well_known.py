"""What the well_known function needs: the public key set."""

from __future__ import annotations

import os

from doorward.bootstrap.clock import clock
from doorward.dynamodb.keys import load_key_set
from doorward.dynamodb.wire import Endpoint, WireReads
from doorward.keyring import Keyring
from doorward.settings import Settings


def wire(settings: Settings) -> Keyring:
    """Return the public keys."""
    gateway = WireReads(Endpoint.from_environment(os.environ))
    return Keyring(lambda: load_key_set(gateway, settings.require("signing_keys_table")), clock, max_age_ms=60_000)
