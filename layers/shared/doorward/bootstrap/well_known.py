"""What the well_known function needs: the public key set."""

from __future__ import annotations

import os

from doorward.bootstrap.keys import verifying_keys
from doorward.dynamodb.wire import Endpoint, WireReads
from doorward.keyring import Verifying
from doorward.settings import Settings


def wire(settings: Settings) -> Verifying:
    """Return the public keys."""
    return verifying_keys(settings, WireReads(Endpoint.from_environment(os.environ)))
