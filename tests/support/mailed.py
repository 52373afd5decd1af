"""The flows by mail over the in-memory house, and what their mails would say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from doorward.model import TenantId, TenantPolicy
from doorward.model.proofs import Proof, ProofId
from doorward.proofs.ask import AskForProof
from doorward.proofs.ask_sign_up import AskForSignUp
from doorward.proofs.check import CheckProof, Presented
from doorward.proofs.email_change import AskForEmailChange, ChangeEmail
from doorward.proofs.email_code import AskForCode, SignInByCode
from doorward.proofs.find_tenants import AskForTenants
from doorward.proofs.password_reset import AskForReset, ResetPassword
from doorward.proofs.sign_up import SignUp
from doorward.proofs.subjects import FindSubject
from doorward.proofs.verification import AskForVerification, VerifyEmail
from doorward.sessions.naming import name_of
from doorward.tokens.proofs import MintProofs, Notices
from tests.support.fakes import MemoryDirectory
from tests.support.world import ACME, HERE, House

NEW_PASSWORD = "an utterly new one 7"

__all__ = ["HERE", "NEW_PASSWORD", "Mailed"]


@dataclass(frozen=True)
class Flow:
    """What asks for a proof of one kind, and what uses it."""

    ask: Any
    confirm: Any
    undo: Any = None


class Mailed:
    """The flows of a house, where mail is on."""

    def __init__(self, house: House) -> None:
        self.house = house
        proofs, clock, users = house.proofs, house.clock, house.users
        directory, notices = MemoryDirectory(house.world), Notices(clock, mail_is_on=True)
        mint = MintProofs(house.proof_texts, clock)
        ask = AskForProof(proofs, mint, house.attempts, house.throttles, clock)
        check = CheckProof(proofs, house.proof_texts, house.attempts, house.throttles, clock)
        find = FindSubject(directory, users)
        self.sign_up = Flow(
            AskForSignUp(ask, house.policies),
            SignUp(check, directory, house.policies, house.create_user, users, clock, house.begin_session),
        )
        self.reset = Flow(
            AskForReset(ask, find, proofs, mail_is_on=True),
            ResetPassword(
                check=check,
                find=find,
                users=users,
                revocations=house.revocations,
                attempts=house.attempts,
                policies=house.policies,
                hasher=house.hasher,
                judge=house.judge,
                notices=notices,
                clock=clock,
            ),
        )
        self.verify = Flow(AskForVerification(ask, users), VerifyEmail(check, find, users, clock))
        self.code = Flow(
            AskForCode(ask), SignInByCode(check, find, directory, house.attempts, house.begin_session, house.devices)
        )
        change = ChangeEmail(check, find, users, house.revocations, mint, notices, house.hasher, clock)
        self.change = Flow(AskForEmailChange(ask, house.prove, users, notices), change, change.undo)
        self.find = AskForTenants(ask)

    def ask(self, flow: str, email: str, tenant_id: TenantId = ACME) -> str:
        """Ask for a mail to an address, and return the challenge id."""
        if flow == "sign_up":
            return str(self.sign_up.ask(tenant_id, email, HERE))
        asks = {"password_reset": self.reset.ask, "email_code": self.code.ask}
        return str(asks[flow](name_of(None, email, tenant_id), HERE))

    def proof(self, challenge_id: str) -> Proof:
        """Return the proof that a challenge id belongs to."""
        return self.house.world.proofs[ProofId(challenge_id.split(".")[2])]

    def presented(self, challenge_id: str, by: str, *, with_challenge: bool = False) -> Presented:
        """Return what the reader of the mail would send: `token` or `code`."""
        proof = self.proof(challenge_id)
        if by == "token":
            return replace(self.token_of(proof), challenge_id=challenge_id if with_challenge else None)
        return Presented(None, challenge_id, self.house.proof_texts.code(proof))

    def token_of(self, proof: Proof) -> Presented:
        """Return the token of a proof."""
        return Presented(self.house.proof_texts.token(proof))

    @staticmethod
    def wrong(right: Presented) -> Presented:
        """Return another code than the right one."""
        return replace(right, code=f"{(int(right.code or 0) + 1) % 10**6:06}")

    def allow(self, tenant_id: TenantId, **members: Any) -> None:
        """Change members of a tenant's policy."""
        self.set_policy(tenant_id, replace(self.house.policies.get(tenant_id), **members))

    def set_policy(self, tenant_id: TenantId, policy: TenantPolicy) -> None:
        """Store a policy."""
        before = self.house.policies.get(tenant_id)
        self.house.policies.change(tenant_id, replace(policy, version=before.version + 1))

    def of_kind(self, kind: str) -> Proof:
        """Return the newest proof of a kind."""
        return [proof for proof in self.house.world.proofs.values() if proof.kind == kind][-1]

    def last(self) -> Proof:
        """Return the newest proof."""
        return list(self.house.world.proofs.values())[-1]

    def notices(self) -> list[Proof]:
        """Return the mails that only tell something."""
        return [proof for proof in self.house.world.proofs.values() if proof.mac_kid == ""]
