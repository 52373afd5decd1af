"""Prove the current password again, before something that a stolen session must not do."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import InvalidRequest, TooManyAttempts, Unavailable, WrongPassword
from doorward.model import Clock, Principal
from doorward.rules.passwords import PasswordHasher
from doorward.rules.throttles import Throttles
from doorward.stores import AttemptStore, UserReader


@dataclass(frozen=True, slots=True)
class ProvePassword:
    """Lets whoever is signed in prove the password once more."""

    users: UserReader
    attempts: AttemptStore
    throttles: Throttles
    hasher: PasswordHasher
    clock: Clock

    def __call__(self, principal: Principal, current_password: str | None, purpose: str) -> None:
        """Let a caller pass who knows the own password.

        Args:
            principal: the caller.
            current_password: what the caller presents; None if it is nothing.
            purpose: what needs the password, for the caller to read.

        Raises:
            InvalidRequest: no password was presented.
            WrongPassword, TooManyAttempts: the password was not proved.
        """
        if current_password is None:
            raise InvalidRequest(f"{purpose} needs current_password.")
        now_ms = self.clock()
        # Counted by session: whoever is signed in can prove the password while strangers try to guess it.
        counter = self.throttles.of_own(f"session#{principal.session_id}", now_ms)
        limit = self.attempts.count(counter)
        if limit is not None:
            raise TooManyAttempts(limit.retry_after_seconds(now_ms))
        try:
            proved = self.hasher.verify(self.users.get_password_hash(principal.user_id), current_password)
        except Unavailable:
            self.attempts.uncount(counter)
            raise
        if not proved:
            raise WrongPassword
        self.attempts.uncount(counter)
