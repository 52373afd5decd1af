"""The hashing of passwords, apart from the other parts: only some functions import Argon2."""

from __future__ import annotations

from doorward.rules.passwords import PasswordHasher
from doorward.settings import Settings


def password_hasher(settings: Settings) -> PasswordHasher:
    """Return Argon2id with this deployment's parameters."""
    return PasswordHasher(settings.argon2_memory_kib, settings.argon2_time_cost)
