"""The use cases by mail that the API and the pages behind links have in common."""

from __future__ import annotations

from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.bootstrap.clock import clock
from doorward.bootstrap.proofs import ProofParts
from doorward.proofs.email_change import ChangeEmail
from doorward.proofs.password_reset import ResetPassword


def reset_password(parts: ProofParts, judge: JudgeNewPassword) -> ResetPassword:
    """Return what sets a new password."""
    return ResetPassword(
        check=parts.check,
        find=parts.find,
        users=parts.user_writer,
        revocations=parts.revocations,
        attempts=parts.attempts,
        policies=parts.policies,
        hasher=parts.hasher,
        judge=judge,
        notices=parts.notices,
        clock=clock,
    )


def change_email(parts: ProofParts) -> ChangeEmail:
    """Return what changes an address, and changes it back."""
    return ChangeEmail(
        check=parts.check,
        find=parts.find,
        users=parts.user_writer,
        revocations=parts.revocations,
        mint=parts.mint_proofs,
        notices=parts.notices,
        hasher=parts.hasher,
        clock=clock,
    )
