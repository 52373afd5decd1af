"""Sign up: nobody exists before the address is proved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import words_about
from doorward.accounts.create import CreateUser
from doorward.errors import EmailTaken, InvalidProof, NotFound
from doorward.model import Admission, Clock, SessionId, SessionRef, Subject, TenantPolicy, UserRecord
from doorward.model.changes import NewUser
from doorward.model.proofs import Proof, ProofChanges
from doorward.proofs.check import CheckProof, Presented
from doorward.rules.policy import may_sign_up
from doorward.rules.tenancy import admitted_subject
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.stores import Directory, PolicyStore, UserWriter
from doorward.tokens.ids import mint_ulid


@dataclass(frozen=True, slots=True)
class MakeProvedUser:
    """Makes the user whose address is proved, in one transaction with the use of the proof; begins no session."""

    check: CheckProof
    directory: Directory
    policies: PolicyStore
    create: CreateUser
    users: UserWriter
    clock: Clock

    def make(self, presented: Presented, password: str, username: str | None) -> tuple[Admission, Subject]:
        """Make the user, and return what admits the new user to the tenant, and who that is in a new session.

        Args:
            presented: the proof, as it was sent.
            password: of the new user.
            username: of the new user, within the tenant; the user's id if absent.

        Raises:
            InvalidProof: what is presented proves nothing, or the address is taken, or the tenant is closed by now.
            WeakPassword, UnacceptableName, UsernameTaken: choose another one. The proof can be used again.
        """
        proof = self.check("sign_up", presented)
        policy = self.policies.get(proof.tenant_id)
        record = self._compose(proof, password, username, policy)
        ref = SessionRef(proof.tenant_id, record.user.id, SessionId(mint_ulid()))
        if self.directory.get_admission(ref.tenant_id, ref.user_id).tenant_status != "active":
            raise InvalidProof(reason="tenant_disabled")
        password_hash = self.create.hasher.hash(password)
        with audit.act("signed_up", tenant_id=ref.tenant_id, user_id=ref.user_id):
            try:
                self.users.add(record, password_hash, proofs=ProofChanges(used=self.check.use_of(proof)))
            except (EmailTaken, NotFound) as error:
                raise InvalidProof(reason=error.code) from error
        admission = self.directory.get_admission(ref.tenant_id, ref.user_id)
        subject = admitted_subject(admission, ref)
        if subject is None:
            raise InvalidProof(reason="not_admitted")
        return admission, subject

    def _compose(self, proof: Proof, password: str, username: str | None, policy: TenantPolicy) -> UserRecord:
        address = proof.address or ""
        if not may_sign_up(policy, address):
            raise InvalidProof(reason="sign_up_closed")
        profile = {"email": address, "display_name": proof.details.get("display_name"), "locale": proof.locale}
        composed = self.create.compose(
            NewUser(password, username, {name: value for name, value in profile.items() if value}),
            proof.tenant_id,
            plain_name=False,
        )
        record = UserRecord(replace(composed.user, email_verified_at_ms=self.clock()), composed.memberships)
        self.create.judge(password, words_about(record), least_length=policy.least_password_length)
        return record


@dataclass(frozen=True, slots=True)
class SignUp(MakeProvedUser):
    """Makes the user whose address is proved, and signs the user in."""

    begin: BeginSession

    def __call__(self, presented: Presented, password: str, username: str | None, client: Client) -> SignedIn:
        """Make the user and begin a session.

        Args:
            presented: the proof, as it was sent.
            password: of the new user.
            username: of the new user, within the tenant; the user's id if absent.
            client: what asks.

        Raises:
            InvalidProof, WeakPassword, UnacceptableName, UsernameTaken: see `make`.
        """
        return self.begin(*self.make(presented, password, username), client, first=True)
