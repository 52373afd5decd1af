"""Show all that is held about a user."""

from __future__ import annotations

from dataclasses import dataclass

from doorward import audit
from doorward.accounts.access import VisibleUser, find, owns, resolve, show, tenant_of
from doorward.errors import InsufficientScope
from doorward.model import Principal
from doorward.model.leaving import Belongings
from doorward.stores import BelongingsStore, UserReader


@dataclass(frozen=True, slots=True)
class ExportedUser:
    """All that a caller may see of what is held about a user."""

    visible: VisibleUser
    belongings: Belongings


@dataclass(frozen=True, slots=True)
class ExportUser:
    """Reads all that is held about a user: never a hash, a MAC or a secret."""

    reader: UserReader
    belongings: BelongingsStore

    def __call__(self, principal: Principal, user_id: str) -> ExportedUser:
        """Return what is held about a user, for the user, who administers the user, or the platform.

        A tenant's administrators see the user's sessions and notifications in their tenant alone.

        Raises:
            InsufficientScope, NotFound: the caller may not see this.
        """
        record = find(self.reader, principal, resolve(principal, user_id))
        own = record.user.id == principal.user_id
        if not own and not owns(principal, record.user):
            raise InsufficientScope
        realms = record.user.realms if own or principal.is_platform_admin else (principal.tenant_id,)
        ids = {"tenant_id": tenant_of(principal, record), "user_id": record.user.id}
        with audit.act("user_exported", **ids, by=principal.user_id):
            return ExportedUser(show(principal, record), self.belongings.list_of(record.user.id, realms))
