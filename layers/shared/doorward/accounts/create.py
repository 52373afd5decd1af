"""Create a user."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.accounts.access import VisibleUser, show, words_about
from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.errors import InvalidRequest, UsernameTaken
from doorward.model import PLATFORM, USER, Clock, Membership, Principal, TenantId, User, UserId, UserRecord
from doorward.model.changes import NewUser
from doorward.model.proofs import NO_PROOFS, ProofChanges
from doorward.rules import names
from doorward.rules.factors import require_sure
from doorward.rules.fields import PROFILE
from doorward.rules.passwords import PasswordHasher
from doorward.rules.tenancy import check_roles, require_admin
from doorward.stores import PolicyStore, UserWriter
from doorward.tokens.ids import mint_ulid


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Creates users in one transaction: names are unique or nothing is written."""

    users: UserWriter
    hasher: PasswordHasher
    judge: JudgeNewPassword
    policies: PolicyStore
    clock: Clock

    def __call__(self, principal: Principal, new_user: NewUser) -> VisibleUser:
        """Create a user on behalf of an administrator.

        Raises:
            InsufficientScope: the caller does not administer the tenant.
            UnacceptableName, WeakPassword, InvalidRequest: the request breaks a rule.
            UsernameTaken, EmailTaken: a name is not free.
            NotFound: there is no such tenant.
        """
        tenant_id = new_user.tenant_id or principal.tenant_id
        require_admin(principal, tenant_id)
        require_sure(principal, self.clock())
        # A tenant's administrators give names of their tenant alone. So no answer tells of names in other tenants.
        record = self.compose(new_user, tenant_id, plain_name=principal.is_platform_admin)
        if not principal.is_platform_admin and record.user.email is not None:
            record = replace(record, user=replace(record.user, email_given_in=tenant_id))
        least_length = self.policies.get(tenant_id).least_password_length
        self.judge(new_user.password, words_about(record), least_length=least_length)
        with audit.act("user_created", tenant_id=tenant_id, user_id=record.user.id, by=principal.user_id):
            self.store(record, new_user.password)
        return show(principal, record)

    def create_once(self, user_id: UserId, new_user: NewUser, tenant_id: TenantId, password: str | None) -> bool:
        """Create a user under a given id, unless there is one, and return whether it was created.

        Raises:
            EmailTaken: another user of the tenant has the address.
        """
        try:
            self.store(self.compose(new_user, tenant_id, user_id=user_id), password)
        except UsernameTaken:  # the user name is the id
            return False
        return True

    def compose(
        self,
        new_user: NewUser,
        tenant_id: TenantId,
        *,
        plain_name: bool = True,
        platform_admin: bool = False,
        user_id: UserId | None = None,
    ) -> UserRecord:
        """Return the user to be stored, all names checked.

        Args:
            new_user: what the caller wants.
            tenant_id: the tenant of the user; PLATFORM for none.
            plain_name: whether the user name may be one without a tenant.
            platform_admin: whether the user is to administer the platform.
            user_id: the user's id, if it is given.

        Raises:
            UnacceptableName, InvalidRequest: a name or role breaks a rule.
        """
        user_id, now_ms = user_id or UserId(mint_ulid()), self.clock()
        user = User(
            id=user_id,
            username=self._username(new_user.username, tenant_id, plain=plain_name) or user_id,
            **{name: PROFILE[name].checked(value) for name, value in new_user.profile.items()},
            status="active",
            tenant_ids=() if tenant_id == PLATFORM else (tenant_id,),
            platform_admin=platform_admin,
            password_change_required=new_user.password_change_required,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            version=1,
        )
        if tenant_id == PLATFORM:
            if new_user.roles is not None:
                raise InvalidRequest("Roles belong to a tenant; name a tenant_id.")
            return UserRecord(user, ())
        roles = (USER,) if new_user.roles is None else check_roles(new_user.roles)
        return UserRecord(user, (Membership(tenant_id, user_id, roles, "active", now_ms),))

    def store(self, record: UserRecord, password: str | None, proofs: ProofChanges = NO_PROOFS) -> None:
        """Hash the password and store a composed user; without a password nobody signs in with one as that user.

        Raises:
            UsernameTaken, EmailTaken, NotFound, InvalidProof: see `UserWriter.add`.
        """
        self.users.add(record, None if password is None else self.hasher.hash(password), proofs=proofs)

    @staticmethod
    def _username(wanted: str | None, tenant_id: TenantId, *, plain: bool) -> str | None:
        return names.check_username_within(wanted, tenant_id, plain=plain) if wanted else None
