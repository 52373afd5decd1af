"""The storage that second factors need."""

from __future__ import annotations

from typing import Protocol

from doorward.model import UserId
from doorward.model.factors import Factors


class FactorStore(Protocol):
    """Second factors. A change goes through the store of what it allows (`ProofChanges`)."""

    def get(self, user_id: UserId) -> Factors:
        """Return a user's factors, from a consistent read; of a user without any, none."""
