"""What the functions share that prove and manage second factors."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from doorward.aws.dynamodb.factors import DynamoFactors
from doorward.aws.dynamodb.user_writer import DynamoUserWriter
from doorward.aws.dynamodb.users import DynamoUserReader
from doorward.bootstrap.clock import clock
from doorward.bootstrap.lean import LeanParts
from doorward.errors import NotFound
from doorward.factors.finish import FinishSignIn
from doorward.factors.keep import KeepFactors
from doorward.factors.passkey_sign_in import SignInByPasskey
from doorward.factors.prove import ProveFactor
from doorward.factors.raising import RaiseSession
from doorward.factors.secrets import FactorSecrets
from doorward.tokens.challenges import Challenges

if TYPE_CHECKING:
    from doorward.passkeys.ceremonies import Ceremonies


class FactorParts(LeanParts):
    """The parts of functions that prove and manage second factors."""

    @cached_property
    def users(self) -> DynamoUserReader:
        """Users, to read them."""
        return DynamoUserReader(self.database, self.tables)

    @cached_property
    def factors(self) -> DynamoFactors:
        """Second factors, to read them."""
        return DynamoFactors(self.database, self.tables.users)

    @cached_property
    def factor_secrets(self) -> FactorSecrets:
        """What seals secrets and makes the MACs of recovery codes."""
        return FactorSecrets(lambda: self.former_names.root)

    @cached_property
    def challenges(self) -> Challenges:
        """Challenges of passkeys."""
        return Challenges(self.mac_keyring, clock)

    @cached_property
    def prove_factor(self) -> ProveFactor:
        """What proves a second factor."""
        return ProveFactor(
            self.factors, self.factor_secrets, self.challenges, self.ceremonies, self.attempts, self.throttles, clock
        )

    @cached_property
    def finish_sign_in(self) -> FinishSignIn:
        """What ends a sign-in that waits for its second factor."""
        begin, prove = self.begin_session, self.prove_factor
        return FinishSignIn(self.proofs, self.proof_texts, self.directory, self.attempts, prove, begin, clock)

    @cached_property
    def sign_in_by_passkey(self) -> SignInByPasskey:
        """What signs in by a passkey alone."""
        return SignInByPasskey(self.ceremonies, self.users, self.directory, self.prove_factor, self.begin_session)

    @cached_property
    def keep_factors(self) -> KeepFactors:
        """What changes the factors of whoever is signed in."""
        writer = DynamoUserWriter(self.database, self.tables, self.revocation_writer, self.former_names)
        return KeepFactors(self.users, writer, self.factors, self.notices, clock)

    @cached_property
    def raise_session(self) -> RaiseSession:
        """What raises sessions."""
        return RaiseSession(self.sessions, self.minter, clock)

    def ceremonies(self) -> Ceremonies:
        """Return what makes and verifies passkeys. Only a request that has to do with one pays for the import.

        Raises:
            NotFound: the deployment has no passkeys. The answer is the same as for an unknown path.
        """
        settings = self.settings
        if not settings.passkey_rp_id:
            raise NotFound
        from doorward.passkeys.webauthn import WebAuthn  # noqa: PLC0415

        return WebAuthn(settings.passkey_rp_id, settings.passkey_rp_id, settings.webauthn_origins)
