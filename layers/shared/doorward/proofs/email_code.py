"""Sign in with a code that is mailed, where the tenant's policy allows it."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import InvalidProof
from doorward.model import SessionId, SessionRef
from doorward.model.proofs import ProofChanges
from doorward.proofs.ask import AskForProof
from doorward.proofs.check import CheckProof, Presented
from doorward.proofs.subjects import FindSubject, may_be_mailed
from doorward.rules.proofs import outdated
from doorward.rules.tenancy import admitted_subject
from doorward.rules.throttles import Attempt
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.stores import AttemptStore, Directory, SignInName
from doorward.tokens.device import Devices
from doorward.tokens.ids import mint_ulid


@dataclass(frozen=True, slots=True)
class AskForCode:
    """Mails a code, whoever has the address."""

    ask: AskForProof

    def __call__(self, name: SignInName, source: str, locale: str | None = None) -> str:
        """Return the challenge id, with which the code works.

        Args:
            name: an address in a tenant.
            source: the source address.
            locale: the language of the mail, if the caller said one.

        Raises:
            TooManyAttempts: too many mails were asked for.
        """
        if name.realm is None:
            raise ValueError("a code goes to an address")
        attempt = Attempt(source, name.presented)
        return self.ask("email_code", name.realm, attempt, email=name.folded, locale=locale)


@dataclass(frozen=True, slots=True)
class SignInByCode:
    """Begins the session of who proves to read the mail of a verified address."""

    check: CheckProof
    find: FindSubject
    directory: Directory
    attempts: AttemptStore
    begin: BeginSession
    devices: Devices

    def __call__(self, presented: Presented, client: Client) -> SignedIn:
        """Begin a session.

        Args:
            presented: the code or the token, always with the challenge id: a link works only where it was asked for.
            client: what asks.

        Raises:
            InvalidProof: what is presented proves nothing, or the user may not sign in so.
        """
        proof = self.check("email_code", presented, same_browser=True)
        record = self.find(proof)
        if record is None or record.user.email_verified_at_ms is None or not may_be_mailed(record):
            raise InvalidProof(reason="not_for_this_user")
        ref = SessionRef(proof.tenant_id, record.user.id, SessionId(mint_ulid()))
        admission = self.directory.get_admission(ref.tenant_id, ref.user_id)
        subject = admitted_subject(admission, ref)
        if subject is None or "email_code" not in admission.policy.methods:
            raise InvalidProof(reason="not_admitted")
        if admission.user is None or outdated(proof, admission.user):
            raise InvalidProof(reason="changed_meanwhile")  # the epochs are those of after the change
        device = self.devices.read(client.device_token)
        known = device if device and device.user_id == ref.user_id else None
        used = ProofChanges(used=self.check.use_of(proof))
        signed_in = self.begin(admission, subject, client, known, used, method="email_code")
        if admission.failures:
            self.attempts.clear_failures(ref.user_id)
        return signed_in
