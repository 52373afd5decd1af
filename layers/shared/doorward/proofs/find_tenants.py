"""Tell people by mail in which tenants they have an account."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.model import PLATFORM
from doorward.proofs.ask import AskForProof
from doorward.rules.names import check_email, fold_email
from doorward.rules.throttles import Attempt


@dataclass(frozen=True, slots=True)
class AskForTenants:
    """Mails a list of tenants to an address. Who asks learns nothing."""

    ask: AskForProof

    def __call__(self, email: str, source: str, locale: str | None = None) -> None:
        """Mail the list to the address.

        Raises:
            UnacceptableName: it is no address.
            TooManyAttempts: too many mails were asked for.
        """
        address = check_email(email)
        folded = fold_email(address)
        attempt = Attempt(source, f"email:{PLATFORM}:{folded}")
        self.ask("find_tenants", PLATFORM, attempt, email=folded, address=address, locale=locale)
