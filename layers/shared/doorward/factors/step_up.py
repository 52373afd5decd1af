"""Prove again who one is, in a session that lives (RFC 9470)."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.accounts.prove import ProvePassword
from doorward.errors import InsufficientAuthentication
from doorward.factors.prove import PresentedFactor, ProveFactor, told_use
from doorward.factors.raising import Raised, RaiseSession
from doorward.model import Principal
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.tokens.device import Device


@dataclass(frozen=True, slots=True)
class StepUp:
    """Lets whoever is signed in prove a factor, or the password of who has no factor."""

    prove: ProveFactor
    prove_password: ProvePassword
    raise_session: RaiseSession

    def __call__(
        self,
        principal: Principal,
        presented: PresentedFactor,
        password: str | None,
        source: str,
        device: Device | None = None,
    ) -> Raised:
        """Raise the caller's session.

        Args:
            principal: the caller; also one who may do nothing before a second factor is proved.
            presented: a second factor.
            password: the user's, in its place.
            source: the source address.
            device: that the client proves.

        Raises:
            InsufficientAuthentication: a password was presented by somebody who has a second factor.
            InvalidSecondFactor, WrongPassword, TooManyAttempts: nothing is proved.
            InvalidToken, InsufficientScope, Conflict: see `RaiseSession`.
        """
        admission, session, subject = self.raise_session.read(principal)
        if password is not None:
            if admission.user is not None and admission.user.factors:
                # A thief of the password and of a session must not look as if the second factor were there again.
                raise InsufficientAuthentication(acr="2fa", reason="acr_too_low")
            self.prove_password(principal, password, "A step-up")
            return self.raise_session(admission, session, subject, ("pwd",), NO_PROOFS)
        proven = self.prove(principal.user_id, presented, source, device, principal.tenant_id)
        with told_use(proven, presented, principal.tenant_id, principal.user_id):
            return self.raise_session(admission, session, subject, proven.amr, ProofChanges(factors=proven.change))
