"""Which keys verify, whichever client reads them."""

from __future__ import annotations

from doorward.bootstrap.clock import clock
from doorward.dynamodb.gateway import Reads
from doorward.dynamodb.keys import load_key_set
from doorward.keyring import Keyring, Verifying
from doorward.settings import Settings
from doorward.shared_secret import SharedSecret


def public_keyring(settings: Settings, gateway: Reads) -> Keyring:
    """Return the published keys."""
    table = settings.require("signing_keys_table")
    return Keyring(lambda: load_key_set(gateway, table), clock, max_age_ms=settings.key_cache_seconds * 1000)


def verifying_keys(settings: Settings, gateway: Reads) -> Verifying:
    """Return what verifies access tokens: the published keys, or the shared secret if one is set.

    Raises:
        Misconfigured: the shared secret is weak.
    """
    keyring = public_keyring(settings, gateway)
    if settings.jwt_secret:
        return SharedSecret(keyring, settings.jwt_secret, settings.jwt_secret_previous)
    return keyring
