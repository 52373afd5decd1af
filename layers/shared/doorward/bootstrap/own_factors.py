"""What the functions share in which whoever is signed in looks after their own second factors."""

from __future__ import annotations

from functools import cached_property

from doorward.accounts.prove import ProvePassword
from doorward.bootstrap.clock import clock
from doorward.bootstrap.factors import FactorParts
from doorward.bootstrap.passwords import password_hasher
from doorward.factors.enrol import EnrolPasskey, EnrolTotp
from doorward.factors.manage import ManageFactors
from doorward.factors.step_up import StepUp


class OwnFactorParts(FactorParts):
    """The parts of functions that enrol factors and raise sessions. They verify passwords too."""

    @cached_property
    def step_up(self) -> StepUp:
        """What lets whoever is signed in prove who they are once more."""
        hasher = password_hasher(self.settings)
        prove_password = ProvePassword(self.users, self.attempts, self.throttles, hasher, clock)
        return StepUp(self.prove_factor, prove_password, self.raise_session)

    @cached_property
    def enrol_totp(self) -> EnrolTotp:
        """What enrols authenticator apps."""
        issuer = self.settings.audience
        return EnrolTotp(
            self.keep_factors, self.factor_secrets, self.raise_session, self.attempts, self.throttles, issuer
        )

    @cached_property
    def enrol_passkey(self) -> EnrolPasskey:
        """What enrols passkeys."""
        return EnrolPasskey(
            self.keep_factors, self.factor_secrets, self.raise_session, self.ceremonies, self.challenges
        )

    @cached_property
    def manage_factors(self) -> ManageFactors:
        """What lists, renames and removes factors."""
        return ManageFactors(self.keep_factors, self.factor_secrets, self.raise_session)
