"""Judge a new password, wherever somebody chooses one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from doorward import audit
from doorward.errors import WeakPassword
from doorward.rules.passwords import MIN_LENGTH, check_new_password
from doorward.stores import BreachedPasswords


@dataclass(frozen=True, slots=True)
class JudgeNewPassword:
    """Refuses passwords that are short, common, easy to guess, or known from breaches.

    Args:
        common: the most common passwords, which can always be asked.
        breached: all that are known from breaches, somewhere else; None if the deployment asks nobody.
        min_length: the deployment's least length, in characters.
    """

    common: BreachedPasswords
    breached: BreachedPasswords | None = None
    min_length: int = MIN_LENGTH

    def __call__(self, password: str, words: Iterable[str | None] = (), *, least_length: int | None = None) -> None:
        """Refuse a password that breaks a rule.

        Args:
            password: as sent.
            words: the user's names and addresses, and the tenant's, which are the first that anybody tries.
            least_length: the least length that the tenant's policy asks for, in characters; the larger one counts.

        Raises:
            WeakPassword: it breaks a rule; the sentence says which one, and what to do
                (NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 6.2.1, 6.2.4, 6.2.11 and 6.2.12).
        """
        # No protection of the password: all lists of breached passwords are made of this hash.
        sha1 = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
        if self.common.count(sha1):
            raise WeakPassword("This password is one of the most common ones. Choose one that nobody else has.")
        check_new_password(password, words, least_length=max(self.min_length, least_length or 0))
        # Last, so that nobody outside is asked about a password that is refused anyway.
        found = self.breached.count(sha1) if self.breached else 0
        if found is None:
            audit.record("breached_passwords_unavailable", decided_by="common_passwords")
        elif found:
            raise WeakPassword(
                "This password is known from a breach of some service. Choose one that you have used nowhere else."
            )
