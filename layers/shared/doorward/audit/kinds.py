"""The kinds of events that the audit trail keeps: what each says, and how it ended.

Names are stable: people filter by them, and other systems subscribe to them. A new kind is a new line here; a test
holds that the sources keep no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["success", "failure"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event.

    Args:
        says: what happened, in one sentence.
        outcome: whether what somebody wanted was done.
    """

    says: str
    outcome: Outcome = "success"


def _refused(says: str) -> Kind:
    return Kind(says, "failure")


KINDS = {
    "access_token_revoked": Kind("An access token was revoked by who possessed it."),
    "account_restricted": _refused("After many wrong passwords in a row, only known devices may sign in for a while."),
    "administrator_recovered": Kind(
        "Somebody with the deployment's own rights gave an administrator a new password.",
    ),
    "demo_removed": Kind("The sample users and notifications were removed."),
    "demo_seeded": Kind("Sample users and notifications were made."),
    "email_change_undone": Kind("The owner of the old address took the change of an address back."),
    "email_changed": Kind("A user proved a new e-mail address, and has it now."),
    "email_verified": Kind("A user proved the e-mail address."),
    "everything_ended": Kind("Every session and every token of the deployment was ended."),
    "factors_changed": Kind("A user added or removed a second factor, or made new recovery codes."),
    "factors_reset": Kind("An administrator removed a user's second factors."),
    "family_ended": Kind("A session ended, in all tenants that it had entered."),
    "invitation_accepted": Kind("Somebody accepted an invitation."),
    "invitation_resent": Kind("An invitation was sent again."),
    "invitation_revoked": Kind("An invitation was revoked."),
    "invitation_made": Kind("Somebody was invited."),
    "key_changed": Kind("A signing key or MAC key moved to another state."),
    "key_revoked": Kind("A key was revoked, with everything that it had signed."),
    "membership_put": Kind("A user was assigned to a tenant, or the roles there changed."),
    "membership_removed": Kind("A user was removed from a tenant."),
    "password_reset": Kind("A user set a new password by a link or a code."),
    "password_reset_asked": Kind("An administrator asked for the reset of a user's password."),
    "policy_changed": Kind("A tenant's policy changed."),
    "recovery_code_used": Kind("A user proved a second factor by a recovery code."),
    "refresh_token_reused": _refused(
        "A spent refresh token was presented: a thief or its owner is late. The session ended."
    ),
    "second_factor_refused": _refused("A second factor was not proved."),
    "service_token_minted": Kind("A service token was minted."),
    "service_token_revoked": Kind("A service token was revoked."),
    "session_ended": Kind("A session was ended from the list of sessions."),
    "sessions_ended": Kind("All sessions of a user, or all others, were ended."),
    "sign_in_failed": _refused("Somebody did not prove who they are."),
    "signed_in": Kind("A user signed in."),
    "signed_out": Kind("A user signed out."),
    "signed_up": Kind("Somebody became a user by signing up."),
    "stepped_up": Kind("A user proved more in a session."),
    "tenant_changed": Kind("A tenant was renamed, disabled or enabled, or its metadata changed."),
    "tenant_created": Kind("A tenant was created."),
    "tenant_deleted": Kind("A tenant and all that was stored for it is gone."),
    "tenant_deletion_began": Kind("The deletion of a tenant began."),
    "tenant_switched": Kind("A user entered another tenant with the same session."),
    "user_changed": Kind("A user's profile, password, status or roles changed."),
    "user_created": Kind("An administrator created a user."),
    "user_deleted": Kind("A user was deleted."),
    "user_exported": Kind("All that is held about a user was shown."),
    "webhook_changed": Kind("A webhook's URL, events, description or status changed."),
    "webhook_created": Kind("A webhook was made."),
    "webhook_deleted": Kind("A webhook was deleted."),
    "webhook_disabled": Kind("A webhook was disabled, because its receiver said that it is gone, or failed for days."),
    "webhook_secret_rotated": Kind("A webhook got a new secret; the one before signs for another day."),
}
"""Event name to what it is."""
