"""What the pages of members show of them, and do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorward.accounts.access import VisibleUser
from doorward.accounts.change import ChangeUser
from doorward.accounts.delete import DeleteUser
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.membership import AssignTenants
from doorward.accounts.sessions import AdministerSessions
from doorward.errors import NotFound
from doorward.factors.manage import ResetFactors
from doorward.model import PLATFORM, Session, TenantId, User, UserRecord
from doorward.model.changes import UserChanges
from doorward.proofs.password_reset import AskForReset
from doorward.rules.fields import USER, Relation
from doorward.rules.finding import is_disabled
from doorward_pages.admin_forms import MemberForm, unknown_act
from doorward_pages.administration import Caller, minute, words


@dataclass(frozen=True, slots=True)
class Reset:
    """The token of a link by which a user sets a new password, and the tenant that it is of."""

    token: str
    tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class Members:
    """The members of tenants, as their administrators see and change them."""

    look_up: LookUpUsers
    change: ChangeUser
    assign: AssignTenants
    delete: DeleteUser
    sessions: AdministerSessions
    reset: AskForReset
    reset_factors: ResetFactors

    def find(self, caller: Caller, user_id: str) -> VisibleUser:
        """Return a member of the page's tenant.

        Raises:
            NotFound: there is none.
        """
        found = self.look_up.one(caller.acting, user_id)
        if all(member.tenant_id != caller.tenant_id for member in found.memberships):
            raise NotFound
        return found

    def sessions_of(self, caller: Caller, user_id: str) -> list[dict[str, Any]]:
        """Return the live sessions of a member that the caller may see."""
        return [_shown(session, caller) for session in self.sessions.many(caller.acting, user_id)]

    def act(self, caller: Caller, user_id: str, form: MemberForm, source: str) -> Reset | None:
        """Do what a button of the member's page says.

        Args:
            caller: who administers the tenant.
            user_id: the member.
            form: what the page sent.
            source: the source address.

        Returns:
            What the administrator hands over, if the button asks for a link.

        Raises:
            NotFound: the tenant has no such member.
            InvalidRequest: there is no such button.
            DoorwardError: what the use case of the button says.
        """
        principal, user = caller.acting, self.find(caller, user_id).user
        found = user.id
        match form.act:
            case "roles":
                self.change(principal, found, UserChanges({"roles": words(form.roles)}))
            case "disable" | "enable":
                status = "disabled" if form.act == "disable" else "active"
                self.change(principal, found, UserChanges({"status": status}))
            case "mail" | "link":
                token = self.reset.for_user(principal, found, source, as_link=form.act == "link")
                return Reset(token, user.home_tenant_id) if token else None
            case "end":
                self.sessions.end(principal, found, form.subject or "")
            case _:
                self._take_away(caller, user, form.act)
        return None

    def _take_away(self, caller: Caller, user: User, act: str | None) -> None:
        """Do what a button says that ends or takes away all of something."""
        principal, found = caller.acting, user.id
        match act:
            case "end_all":
                self.sessions.end_all(principal, found)
            case "reset_factors":
                self.reset_factors(principal, found)
            case "remove":
                self.assign.remove(principal, found, caller.tenant_id)
            case "delete":
                self.delete(principal, found)
            case _:
                raise unknown_act()


def row(found: VisibleUser, tenant_id: TenantId) -> dict[str, Any]:
    """Return what a page shows of a member: nothing that the API would not show the caller."""
    user = found.user
    seen = {name: getattr(user, name) if found.relation in USER[name].seen_by else None for name in _SHOWN}
    (here,) = (member for member in found.memberships if member.tenant_id == tenant_id)
    return {
        **seen,
        "id": user.id,
        "called": seen["display_name"] or (seen["email"] if user.username == user.id else None) or user.username,
        "roles": here.roles,
        "disabled": is_disabled(UserRecord(user, found.memberships), tenant_id),
        "created": minute(user.created_at_ms) if found.relation in USER["created_at_ms"].seen_by else None,
        "is_self": found.relation is Relation.SELF,
        "is_owned": found.relation is Relation.OWNER,
        "is_of_this_tenant_alone": len(user.tenant_ids) <= 1,
    }


_SHOWN = ("username", "email", "display_name", "email_verified_at_ms", "factors")


def _shown(session: Session, caller: Caller) -> dict[str, Any]:
    return {
        "id": session.ref.session_id,
        "tenant_id": None if session.ref.tenant_id == PLATFORM else session.ref.tenant_id,
        "created": minute(session.created_at_ms),
        "used": minute(session.rotated_at_ms),
        "source": session.source,
        "user_agent": session.user_agent,
        "current": session.ref == caller.signed_in.session_ref,
    }
