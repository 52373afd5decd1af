"""Ask for a mail to sign up with: nothing here judges or hashes a password, so who only asks carries none of that."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import SignUpClosed
from doorward.model import TenantId
from doorward.proofs.ask import AskForProof
from doorward.rules.names import check_display_name, check_email, fold_email
from doorward.rules.policy import may_sign_up
from doorward.rules.throttles import Attempt
from doorward.stores import PolicyStore, SignInName


@dataclass(frozen=True, slots=True)
class AskForSignUp:
    """Mails a link and a code to who wants to sign up.

    The request costs no password hash and makes no user: strangers can neither waste work nor squat an address. Whether
    the address is taken shows in the mail alone.
    """

    ask: AskForProof
    policies: PolicyStore

    def __call__(
        self, tenant_id: TenantId, email: str, source: str, display_name: str | None = None, locale: str | None = None
    ) -> str:
        """Return the challenge id, with which the code works.

        Args:
            tenant_id: the tenant to sign up in.
            email: the address.
            source: the source address.
            display_name: of the new user.
            locale: the language of the mail, and of the new user.

        Raises:
            UnacceptableName: the address or the name is none.
            SignUpClosed: the tenant's policy does not let the address in. An unknown tenant's is closed too.
            TooManyAttempts: too many mails were asked for.
        """
        address = check_email(email)
        details = {"display_name": check_display_name(display_name)} if display_name else {}
        if not may_sign_up(self.policies.get(tenant_id), address):
            raise SignUpClosed
        folded = fold_email(address)
        attempt = Attempt(source, SignInName(folded, tenant_id).presented)
        return self.ask("sign_up", tenant_id, attempt, email=folded, address=address, details=details, locale=locale)
