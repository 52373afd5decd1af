"""Sign in with a passkey alone: it verified its user, so it is two factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from doorward.errors import InvalidProof, InvalidSecondFactor
from doorward.factors.prove import PresentedFactor, ProveFactor
from doorward.model import SessionId, SessionRef, TenantId, UserId
from doorward.model.proofs import ProofChanges
from doorward.passkeys.ceremonies import Ceremonies
from doorward.rules.factors import merged_amr
from doorward.rules.names import is_ulid
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.stores import Directory, UserReader
from doorward.tokens.challenges import Challenges
from doorward.tokens.ids import mint_ulid


@dataclass(frozen=True, slots=True)
class AskForPasskey:
    """Makes the options of a sign-in by passkey. They name no passkey, so they tell nothing of anybody.

    Nothing is stored. Every passkey of Doorward's is discoverable: the browser shows those that it has.
    """

    ceremonies: Callable[[], Ceremonies]
    challenges: Challenges

    def __call__(self) -> Mapping[str, Any]:
        """Return what `navigator.credentials.get` takes, in its JSON form.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        return self.ceremonies().sign_in_options(self.challenges.mint("sign_in"), ())


@dataclass(frozen=True, slots=True)
class SignInByPasskey:
    """Begins the session of who has a passkey."""

    ceremonies: Callable[[], Ceremonies]
    users: UserReader
    directory: Directory
    prove: ProveFactor
    begin: BeginSession

    def __call__(self, response: Mapping[str, Any], client: Client, tenant_id: TenantId | None = None) -> SignedIn:
        """Begin a session.

        Args:
            response: what the browser made, in its JSON form.
            client: what asks.
            tenant_id: the tenant to enter; where the user's sign-ins lead by themselves if None.

        Raises:
            InvalidSecondFactor: nothing is proved, or its user is not let in, or the tenant takes no passkeys.
            TooManyAttempts: the source had too many wrong answers.
        """
        user_id = self.ceremonies().read(response).user_id
        if user_id is None or not is_ulid(user_id):
            raise InvalidSecondFactor(reason="passkey_names_nobody")
        device = self.begin.devices.read(client.device_token)
        known = device if device and device.user_id == user_id else None
        proven = self.prove(user_id, PresentedFactor(passkey=response), client.source, known)
        ref = SessionRef(tenant_id or self._realm_of(user_id), user_id, SessionId(mint_ulid()))
        admission = self.directory.get_admission(ref.tenant_id, user_id)
        subject = admitted_subject(admission, ref)
        if subject is None or not self.begin.minter.factors.takes_factors(admission, subject):
            raise InvalidSecondFactor(reason="not_admitted")
        used, amr = ProofChanges(factors=proven.change), merged_amr(proven.amr)
        try:
            return self.begin(admission, subject, client, known, used, method="passkey", amr=amr)
        except InvalidProof as error:
            raise InvalidSecondFactor(reason="used_meanwhile") from error

    def _realm_of(self, user_id: UserId) -> TenantId:
        record = self.users.get(user_id)
        if record is None:
            raise InvalidSecondFactor(reason="unknown_user")
        return record.user.sign_in_realm
