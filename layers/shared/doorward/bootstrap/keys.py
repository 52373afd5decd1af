"""Choose the keys that verify access tokens.

Any reader of DynamoDB can read them.
"""

from __future__ import annotations

from doorward.aws.dynamodb.database import Reader
from doorward.aws.dynamodb.keys import load_key_set
from doorward.bootstrap.clock import clock
from doorward.keys.keyring import Keyring, Verifying
from doorward.keys.shared_secret import SharedSecret
from doorward.settings import Settings


def public_keyring(settings: Settings, database: Reader) -> Keyring:
    """Return the keyring of the published keys."""
    table = settings.require("signing_keys_table")
    return Keyring(lambda: load_key_set(database, table), clock, max_age_ms=settings.key_cache_seconds * 1000)


def verifying_keys(settings: Settings, database: Reader) -> Verifying:
    """Return the keys that verify access tokens: the shared secret if one is set, or else the published keys.

    Raises:
        Misconfigured: the shared secret is weak.
    """
    keyring = public_keyring(settings, database)
    if settings.jwt_secret:
        return SharedSecret(keyring, settings.jwt_secret, settings.jwt_secret_previous)
    return keyring
