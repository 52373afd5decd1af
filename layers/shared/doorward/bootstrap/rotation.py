"""Wire the rotation of keys, for the function `rotate_keys` and for scripts/initialize_security.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorward.aws.dynamodb.keys import DynamoKeySets
from doorward.bootstrap.clock import clock
from doorward.bootstrap.sdk import SdkParts
from doorward.errors import Misconfigured
from doorward.keys.former_names import ensure_name_key
from doorward.keys.life import Policy
from doorward.keys.rotation import RotateMacKeys, RotateSigningKeys
from doorward.keys.signing import ALGORITHMS, KeyPairAlgorithm
from doorward.rules.proofs import MAX_PROOF_SECONDS
from doorward.settings import Settings

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Services:
    """Rotation of both kinds of keys, and the key that never rotates."""

    signing: RotateSigningKeys
    mac: RotateMacKeys
    ensure_name_key: Callable[[], None]


def wire(settings: Settings) -> Services:
    """Return the use cases of rotation.

    Raises:
        Misconfigured: a key would sign before every function has read it, or the algorithm is unknown.
    """
    parts = SdkParts(settings)
    signing = RotateSigningKeys(
        key_sets=DynamoKeySets(parts.database, settings.require("signing_keys_table")),
        secrets=parts.secrets,
        secret_id=settings.require("signing_secret_id"),
        revocations=parts.revocations,
        policy=_policy(settings, max(settings.access_ttl_seconds, settings.service_token_max_ttl_seconds)),
        algorithm=_algorithm(settings.signing_algorithm),
        clock=clock,
    )
    policy = _policy(settings, max(settings.refresh_ttl_seconds, MAX_PROOF_SECONDS))
    return Services(
        signing,
        RotateMacKeys(parts.secrets, settings.require("refresh_mac_secret_id"), parts.revocations, policy, clock),
        lambda: ensure_name_key(parts.secrets, settings.require("name_secret_id")),
    )


def _algorithm(name: str) -> KeyPairAlgorithm | None:
    """Return the algorithm of new keys; None if a shared secret signs."""
    if name == "HS256":
        return None
    for algorithm in ALGORITHMS:
        if algorithm == name:
            return algorithm
    raise Misconfigured(reason=f"SIGNING_ALGORITHM is one of HS256, {', '.join(ALGORITHMS)}")


def _policy(settings: Settings, token_life_seconds: int) -> Policy:
    if settings.key_announce_seconds <= settings.key_cache_seconds:
        raise Misconfigured(reason="KEY_ANNOUNCE_SECONDS must be more than KEY_CACHE_SECONDS")
    return Policy(
        period_ms=settings.key_rotation_days * _DAY_MS,
        announce_ms=settings.key_announce_seconds * 1000,
        token_life_ms=token_life_seconds * 1000,
        cache_ms=settings.key_cache_seconds * 1000,
    )
