"""By what users of a tenant are found, and what is found: nothing that the tenant's administrators may not see.

Of a guest, whose home is another tenant, a tenant's administrators see the user name and the membership alone. So the
address, the display name and the status of a guest find nobody there, whoever asks. The same holds for administrators
of the platform who are in a tenant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from doorward.errors import InvalidRequest
from doorward.model import Status, TenantId, User, UserRecord
from doorward.rules.names import fold, fold_email

MAX_PREFIX = 128
"""How many characters of a name, folded, are kept to find it by, and how many may be asked for."""

MAX_READ = 300
"""How many candidates one page reads at most. A page with further conditions may be short for that, or empty."""

_MAX_ADDRESS = 254
_ROLE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of a user within a tenant; what is None is not asked.

    Args:
        email: the address, folded.
        name: how the user name or the display name begins, folded.
        role: a role in the tenant.
        status: of the user as the tenant sees them.
    """

    email: str | None = None
    name: str | None = None
    role: str | None = None
    status: Status | None = None

    @classmethod
    def of_texts(cls, email: str | None, name: str | None, role: str | None, status: str | None) -> Search:
        """Return what the texts of a request ask.

        Raises:
            InvalidRequest: a text could be no such value.
        """
        if role is not None and not _ROLE.fullmatch(role):
            raise InvalidRequest("role is the name of a role.")
        return cls(_address(email), _prefix(name), role, _status(status))

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return self != ANYBODY


ANYBODY = Search()
"""Nothing is asked."""


def is_found(record: UserRecord, tenant_id: TenantId, search: Search) -> bool:
    """Return whether a user of a tenant is what is asked for."""
    user, member = record.user, record.membership(tenant_id)
    if member is None:
        return False
    address = fold_email(user.email) if user.email and is_own(user, tenant_id) else None
    return (
        search.email in {None, address}
        and (search.name is None or any(name.startswith(search.name) for name in names_of(user, tenant_id)))
        and (search.role is None or search.role in member.roles)
        and (search.status is None or (search.status == "disabled") == is_disabled(record, tenant_id))
    )


def is_own(user: User, tenant_id: TenantId) -> bool:
    """Return whether a tenant's administrators see the whole user: it is the user's home."""
    return user.home_tenant_id == tenant_id and not user.platform_admin


def names_of(user: User, tenant_id: TenantId) -> frozenset[str]:
    """Return the names, folded and cut, by which a user is found in a tenant.

    A user name that is the user's id is none: who has the id asks for the user.
    """
    names = {user.username} - {user.id}
    if user.display_name and is_own(user, tenant_id):
        names.add(user.display_name)
    return frozenset(filter(None, (fold(name)[:MAX_PREFIX] for name in names)))


def is_disabled(record: UserRecord, tenant_id: TenantId) -> bool:
    """Return whether a user is disabled as a tenant sees it: the membership, and at home the user too."""
    member = record.membership(tenant_id)
    disabled_here = member is not None and member.status == "disabled"
    return disabled_here or (is_own(record.user, tenant_id) and record.user.status == "disabled")


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    if "@" not in text or len(text) > _MAX_ADDRESS:
        raise InvalidRequest("email is a whole e-mail address.")
    return fold_email(text)


def _prefix(text: str | None) -> str | None:
    if text is None:
        return None
    folded = fold(text)
    if not 1 <= len(folded) <= MAX_PREFIX:
        raise InvalidRequest(f"name is how a name begins, with 1 to {MAX_PREFIX} characters.")
    return folded


def _status(text: str | None) -> Status | None:
    if text == "active":
        return "active"
    if text == "disabled":
        return "disabled"
    if text is not None:
        raise InvalidRequest("status is active or disabled.")
    return None
