"""Errors of the present state: of objects, of throttles, of the deployment."""

from __future__ import annotations

from doorward.errors.root import DoorwardError


class NotFound(DoorwardError):
    """There is no such object, or the caller may not know that it exists."""

    code = "not_found"
    default_detail = "There is no such object."


class TenantNotFound(NotFound):
    """There is no such tenant."""

    default_detail = "There is no such tenant."


class Conflict(DoorwardError):
    """The request contradicts the present state."""

    code = "conflict"
    default_detail = "Somebody else changed the object at the same moment. Read the object and try again."


class UsernameTaken(Conflict):
    """The user name belongs to another user, or belonged to one."""

    code = "username_taken"
    default_detail = "This user name is taken."


class EmailTaken(Conflict):
    """The e-mail address belongs to another user of the tenant."""

    code = "email_taken"
    default_detail = "This e-mail address is taken."


class AlreadyMember(Conflict):
    """Who accepts an invitation is a member of the tenant already."""

    code = "already_member"
    default_detail = "You are a member of this tenant already."


class TenantTaken(Conflict):
    """The tenant id belongs to another tenant."""

    code = "tenant_taken"
    default_detail = "This tenant id is taken."


class TenantActive(Conflict):
    """The tenant must be disabled before it can be deleted."""

    code = "tenant_active"
    default_detail = "Disable the tenant first: nobody may be able to sign in there any more."


class TooManyWebhooks(Conflict):
    """A tenant has as many webhooks as it may have."""

    code = "too_many_webhooks"
    default_detail = "This tenant has as many webhooks as it may have. Delete one first."


class LastAdmin(Conflict):
    """The change would leave a tenant without an active administrator."""

    code = "last_admin"
    default_detail = "This user is the tenant's last active administrator. Make another user an administrator first."


class LastFactor(Conflict):
    """A user tried to remove the last second factor where the tenant asks for one."""

    code = "last_factor"
    default_detail = "This is your last second factor, and the tenant asks for one. Enrol another one first."


class OwnAccount(Conflict):
    """An administrator tried to lock themselves out."""

    code = "own_account"
    default_detail = "You cannot disable, demote or delete your own account."


class TooManyAttempts(DoorwardError):
    """There were too many attempts to sign in."""

    code = "too_many_attempts"
    default_detail = "Too many attempts. Try again later."

    def __init__(self, retry_after_seconds: int) -> None:
        """Take the time until the throttle ends, in seconds from now."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DoorwardError):
    """The service cannot answer now, but the same request may work later."""

    code = "temporarily_unavailable"
    default_detail = "The service is busy. Try again."


class NotInitialised(Unavailable):
    """The deployment has no keys until scripts/initialize_security.py makes them."""

    code = "not_initialised"
    default_detail = "This deployment has not been initialised."


class Misconfigured(DoorwardError):
    """A setting of this deployment is missing or unusable."""

    code = "misconfigured"
    default_detail = "This deployment is misconfigured."
