"""Decide to whom a proof's mail goes, and what it says: often nobody, and nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from doorward.mail.addresses import one_line, shown_name
from doorward.mail.letters import Letter
from doorward.mail.programs import program_name
from doorward.model import PLATFORM, Tenant, TenantPolicy, UserId, UserRecord
from doorward.model.proofs import Proof
from doorward.proofs.subjects import FindSubject, may_be_mailed
from doorward.rules.names import fold_email
from doorward.rules.proofs import LIFE_SECONDS, code_ends_at_ms, is_unused
from doorward.stores import PolicyStore, SignInName, TenantStore, UserReader

_LEAST_CODE_MS = 30_000
"""A code that ends so soon is left out of its mail: nobody reads and types faster."""

_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class ChooseLetter:
    """Decides what becomes of a proof's mail.

    What a stranger chose (the name of who signs up, what a browser says of itself) stands in no mail to anybody.
    """

    subjects: FindSubject
    users: UserReader
    tenants: TenantStore
    policies: PolicyStore
    deployment_name: str

    def __call__(self, proof: Proof, now_ms: int) -> Letter | None:
        """Return the letter that a proof asks for; None if nothing is to be sent."""
        if not proof.mails or not is_unused(proof, now_ms):
            return None
        tenant = None if proof.tenant_id == PLATFORM else self.tenants.get(proof.tenant_id)
        if proof.kind not in LIFE_SECONDS:
            return self._notice(proof, tenant)
        if proof.tenant_id != PLATFORM and (tenant is None or tenant.status != "active"):
            return None
        letter = self._choices()[proof.kind](proof, self._letter(proof, tenant))
        if letter is None:
            return None
        works = now_ms + _LEAST_CODE_MS < code_ends_at_ms(proof)
        return (
            None
            if letter.template == "email_code" and not works
            else replace(letter, has_code=letter.has_code and works)
        )

    def _choices(self) -> Mapping[str, Callable[[Proof, Letter], Letter | None]]:
        return {
            "sign_up": self._sign_up,
            "verify_email": self._verify_email,
            "password_reset": self._password_reset,
            "email_code": self._email_code,
            "find_tenants": self._find_tenants,
            "email_change": self._email_change,
            "email_undo": self._email_undo,
            "invitation": self._invitation,
        }

    def _letter(self, proof: Proof, tenant: Tenant | None) -> Letter:
        policy = TenantPolicy() if tenant is None else self.policies.get(tenant.id)
        name = self.deployment_name if tenant is None else one_line(tenant.name, _MAX_NAME)
        return Letter(template=proof.kind, address=proof.address or "", name=name, policy=policy)

    def _notice(self, proof: Proof, tenant: Tenant | None) -> Letter | None:
        record = self.users.get(proof.user_id) if proof.user_id else None
        letter = replace(self._letter(proof, tenant), user=record.user if record else None, values=_seen(proof))
        return letter if proof.address else None

    def _sign_up(self, proof: Proof, letter: Letter) -> Letter | None:
        if proof.address is None:
            return None
        named = SignInName(fold_email(proof.address), proof.tenant_id)
        target = self.subjects.directory.look_up(named, []).target
        if target is None:
            return _with_both(letter)
        record = self.users.get(target.user_id)
        return replace(letter, template="sign_up_taken", user=record.user if record else None)

    def _verify_email(self, proof: Proof, letter: Letter) -> Letter | None:
        record = self.subjects(proof)
        if record is None or record.user.email is None:
            return None
        if proof.address is not None and fold_email(proof.address) != fold_email(record.user.email):
            return None
        return _with_both(_to(letter, record))

    def _password_reset(self, proof: Proof, letter: Letter) -> Letter | None:
        record = self.subjects(proof)
        if record is None or not may_be_mailed(record) or _is_shut_out(proof, record):
            return None
        return _with_both(_to(letter, record))

    def _email_code(self, proof: Proof, letter: Letter) -> Letter | None:
        record = self.subjects(proof)
        if record is None or record.user.email_verified_at_ms is None or not may_be_mailed(record):
            return None
        if "email_code" not in letter.policy.sign_in.methods or _is_shut_out(proof, record):
            return None
        return _with_both(_to(letter, record))

    def _find_tenants(self, proof: Proof, letter: Letter) -> Letter | None:
        if proof.address is None:
            return None
        found: dict[UserId, UserRecord | None] = {}
        names = []
        for tenant_id, user_id in self.users.list_by_address(fold_email(proof.address)):
            if user_id not in found:
                found[user_id] = self.users.get(user_id)
            record, tenant = found[user_id], self.tenants.get(tenant_id)
            member = record.membership(tenant_id) if record else None
            if record is None or tenant is None or member is None:
                continue
            if {record.user.status, member.status, tenant.status} == {"active"}:
                names.append(f"{one_line(tenant.name, _MAX_NAME)} ({tenant_id})")
        return replace(letter, values={"rows": sorted(names)}) if names else None

    def _email_change(self, proof: Proof, letter: Letter) -> Letter | None:
        record = self.subjects(proof)
        if record is None or proof.address is None:
            return None
        return _with_both(replace(letter, user=record.user))

    def _email_undo(self, proof: Proof, letter: Letter) -> Letter | None:
        record = self.subjects(proof)
        if record is None or proof.address is None:
            return None
        return replace(letter, user=record.user, has_link=True, values={"address": proof.address})

    def _invitation(self, proof: Proof, letter: Letter) -> Letter | None:
        if proof.address is None:
            return None
        inviter = self.users.get(proof.made_by) if proof.made_by else None
        name = shown_name(inviter.user.display_name) if inviter else None
        return replace(letter, has_link=True, values={"inviter": name})


def shown_time(time_ms: int) -> str:
    """Return a time as people of all languages can read it."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _to(letter: Letter, record: UserRecord) -> Letter:
    """Return the letter to a user's own address, whatever was typed by who asked."""
    return replace(letter, user=record.user, address=record.user.email or "")


def _with_both(letter: Letter) -> Letter:
    return replace(letter, has_link=True, has_code=True)


def _is_shut_out(proof: Proof, record: UserRecord) -> bool:
    """Return whether the user is disabled in the tenant that the proof is of."""
    member = record.membership(proof.tenant_id)
    return member is not None and member.status != "active"


def _seen(proof: Proof) -> Mapping[str, Any]:
    """Return what a notice tells of the change, and of the request that it is about."""
    try:
        source = str(ipaddress.ip_address(proof.details.get("source", "")))
    except ValueError:
        source = None
    program = program_name(proof.details.get("user_agent"))
    told = {"time": shown_time(proof.made_at_ms), "source": source, "program": program}
    return {**told, "change": proof.details.get("change", "")}
