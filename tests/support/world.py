"""Use cases over the in-memory stores, and people to use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from doorward.accounts.change import ChangeUser
from doorward.accounts.create import CreateUser
from doorward.accounts.delete import DeleteUser, RemoveUser
from doorward.accounts.export import ExportUser
from doorward.accounts.initialise import Initialise
from doorward.accounts.invitations import AdministerInvitations
from doorward.accounts.look_up import LookUpUsers
from doorward.accounts.membership import AssignTenants
from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.accounts.prove import ProvePassword
from doorward.accounts.remove_tenant import RemoveTenant
from doorward.accounts.service_tokens import AdministerServiceTokens
from doorward.accounts.sessions import AdministerSessions
from doorward.accounts.tenants import AdministerTenants
from doorward.authorization import Authorize, RequestCredentials
from doorward.breaches.common import CommonPasswords
from doorward.demo.notifications import ReadNotifications
from doorward.demo.seed import Demo
from doorward.keys.keyring import Keyring, Signer
from doorward.keys.life import Policy
from doorward.keys.mac import MacKeyring
from doorward.keys.rotation import RotateMacKeys, RotateSigningKeys
from doorward.keys.signing import PrivateKeys
from doorward.model import AccessTokenClaims, Principal, TenantId, TokenPair
from doorward.model.changes import NewUser, UserChanges
from doorward.proofs.check import CheckProof
from doorward.proofs.invitations import AcceptInvitation
from doorward.rules.factors import FactorRule
from doorward.rules.passwords import PasswordHasher
from doorward.rules.policy import Bounds, changed_policy
from doorward.rules.throttles import Throttles
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.sessions.enter import EnterTenant
from doorward.sessions.exchange import ExchangeCookie
from doorward.sessions.family import EndFamily
from doorward.sessions.login import Credentials, LogIn
from doorward.sessions.logout import LogOut
from doorward.sessions.minting import TokenMinter
from doorward.sessions.pending import AskForFactor
from doorward.sessions.refresh import Refresh
from doorward.sessions.revoke import Revoke
from doorward.sessions.sign_out import SignOut
from doorward.sessions.switch import SwitchTenant
from doorward.sessions.throttle import ThrottleSignIn
from doorward.tokens.access import verify_access_token
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import Devices
from doorward.tokens.proofs import MintProofs, Notices, ProofTexts
from doorward.tokens.refresh import RefreshTokens
from tests.support.fake_invitations import MemoryInvitations
from tests.support.fake_proofs import MemoryPolicies, MemoryProofs
from tests.support.fakes import (
    FakeClock,
    MemoryAttempts,
    MemoryBelongings,
    MemoryDirectory,
    MemoryKeySets,
    MemoryNotifications,
    MemoryRevocations,
    MemorySecrets,
    MemoryServiceTokens,
    MemorySessions,
    MemoryTenants,
    MemoryUsers,
    World,
)
from tests.support.people import PASSWORD

ISSUER = "https://id.example"
AUDIENCE = "doorward"
ORIGIN = "https://app.example"
HERE = "192.0.2.1"
DAY_MS = 86_400_000
ACME, GLOBEX = TenantId("acme"), TenantId("globex")


class CountingHasher(PasswordHasher):
    """Cheap parameters, and a count of the work done."""

    def __init__(self) -> None:
        super().__init__(memory_kib=8, time_cost=1)
        self.verified = 0

    def verify(self, encoded: str | None, password: str) -> bool:
        self.verified += 1
        return super().verify(encoded, password)


@dataclass
class House:
    """A whole Doorward in memory, initialised, with the tenants acme and globex."""

    clock: FakeClock = field(default_factory=FakeClock)
    world: World = field(default_factory=World)
    hasher: CountingHasher = field(default_factory=CountingHasher)
    mail_is_on: bool = False
    platform_factor: Literal["required", "optional"] = "optional"

    def __post_init__(self) -> None:
        self.users = MemoryUsers(self.world)
        self.sessions = MemorySessions(self.world)
        self.revocations = MemoryRevocations(self.world)
        self.attempts = MemoryAttempts(self.world)
        self.judge = JudgeNewPassword(CommonPasswords())
        self.create_user = CreateUser(self.users, self.hasher, self.judge, self.policies, self.clock)
        self.reported: list[str] = []
        self.initialise = Initialise(
            self.rotate_signing_keys,
            self.rotate_mac_keys,
            MemoryTenants(self.world),
            self.create_user,
            self.clock,
            self.reported.append,
        )
        if self.world.key_set is None:
            self._begin()

    def _begin(self) -> None:
        self.initialise.keys(ISSUER, "ownapi")
        self.initialise.administrator(development=True)
        for tenant_id in (ACME, GLOBEX):
            self.initialise.tenant(tenant_id, development=True)

    @cached_property
    def rotate_signing_keys(self) -> RotateSigningKeys:
        return RotateSigningKeys(
            MemoryKeySets(self.world),
            MemorySecrets(self.world),
            "signing",
            self.revocations,
            Policy(90 * DAY_MS, DAY_MS, 900_000, 300_000),
            "ES256",
            self.clock,
        )

    @cached_property
    def rotate_mac_keys(self) -> RotateMacKeys:
        policy = Policy(90 * DAY_MS, DAY_MS, DAY_MS, 300_000)
        return RotateMacKeys(MemorySecrets(self.world), "mac", self.revocations, policy, self.clock)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(MemoryKeySets(self.world).get, self.clock)

    @cached_property
    def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(MacKeyring(lambda: self.world.secrets.get("mac"), self.clock))

    @cached_property
    def throttles(self) -> Throttles:
        return Throttles(
            window_ms=300_000,
            per_pair=10,
            per_account=50,
            per_source=200,
            per_source_day=1000,
            mask=self.refresh_tokens.mask,
        )

    @cached_property
    def devices(self) -> Devices:
        return Devices(MacKeyring(lambda: self.world.secrets.get("mac"), self.clock))

    @cached_property
    def end_family(self) -> EndFamily:
        return EndFamily(self.sessions, self.clock)

    @cached_property
    def sign_out(self) -> SignOut:
        return SignOut(self.authorize, self.log_out)

    @cached_property
    def minter(self) -> TokenMinter:
        signer = Signer(self.keyring, lambda: PrivateKeys.decode(self.world.secrets["signing"]).pems)
        return TokenMinter(signer, self.refresh_tokens, AUDIENCE, 900, factors=FactorRule(self.platform_factor))

    @cached_property
    def log_in(self) -> LogIn:
        return LogIn(
            MemoryDirectory(self.world),
            self.attempts,
            ThrottleSignIn(self.attempts, self.throttles, self.clock),
            self.devices,
            self.hasher,
            self.begin_session,
            self.clock,
        )

    @cached_property
    def notices(self) -> Notices:
        return Notices(self.clock, mail_is_on=self.mail_is_on)

    @cached_property
    def begin_session(self) -> BeginSession:
        return BeginSession(
            self.sessions,
            self.devices,
            self.minter,
            self.end_family,
            self.clock,
            86_400,
            self.notices,
            self.ask_for_factor,
        )

    @cached_property
    def ask_for_factor(self) -> AskForFactor:
        return AskForFactor(MintProofs(self.proof_texts, self.clock), self.proofs)

    @cached_property
    def proofs(self) -> MemoryProofs:
        return MemoryProofs(self.world)

    @cached_property
    def policies(self) -> MemoryPolicies:
        return MemoryPolicies(self.world)

    @cached_property
    def proof_texts(self) -> ProofTexts:
        return ProofTexts(MacKeyring(lambda: self.world.secrets.get("mac"), self.clock))

    @cached_property
    def invitations(self) -> MemoryInvitations:
        return MemoryInvitations(self.world)

    @cached_property
    def invite(self) -> AdministerInvitations:
        return AdministerInvitations(
            self.invitations,
            MemoryTenants(self.world),
            MemoryDirectory(self.world),
            MintProofs(self.proof_texts, self.clock),
            self.attempts,
            self.throttles,
            self.clock,
            mail_is_on=True,
        )

    @cached_property
    def accept(self) -> AcceptInvitation:
        return AcceptInvitation(
            CheckProof(self.proofs, self.proof_texts, self.attempts, self.throttles, self.clock),
            self.invitations,
            self.users,
            MemoryDirectory(self.world),
            self.policies,
            self.create_user,
            self.clock,
            self.users,
            self.begin_session,
            self.authorize,
        )

    @cached_property
    def refresh(self) -> Refresh:
        return Refresh(self.sessions, self.minter, self.end_family, self.clock, 10)

    @cached_property
    def log_out(self) -> LogOut:
        return LogOut(self.sessions, self.revocations, self.users, self.clock)

    @cached_property
    def user_sessions(self) -> AdministerSessions:
        return AdministerSessions(self.users, self.sessions, self.revocations, self.revocations, self.clock)

    @cached_property
    def revoke(self) -> Revoke:
        return Revoke(self.end_family, self.revocations, self.keyring, self.refresh_tokens, AUDIENCE, self.clock)

    @cached_property
    def authorize(self) -> Authorize:
        return Authorize(
            self.keyring, self.revocations, self.sessions, AUDIENCE, (ORIGIN,), self.clock, self.minter.factors
        )

    @cached_property
    def change_user(self) -> ChangeUser:
        return ChangeUser(
            self.users,
            self.users,
            self.revocations,
            self.attempts,
            self.prove,
            self.hasher,
            self.judge,
            self.policies,
            self.notices,
            self.clock,
        )

    @cached_property
    def prove(self) -> ProvePassword:
        return ProvePassword(self.users, self.attempts, self.throttles, self.hasher, self.clock)

    @cached_property
    def delete_user(self) -> DeleteUser:
        return DeleteUser(self.users, self.remove_user, self.prove)

    @cached_property
    def remove_user(self) -> RemoveUser:
        notices = Notices(self.clock, mail_is_on=True)
        return RemoveUser(self.users, self.revocations, self.belongings, notices, self.clock)

    @cached_property
    def belongings(self) -> MemoryBelongings:
        return MemoryBelongings(self.world)

    @cached_property
    def export(self) -> ExportUser:
        return ExportUser(self.users, self.belongings)

    @cached_property
    def remove_tenant(self) -> RemoveTenant:
        return RemoveTenant(MemoryTenants(self.world), self.users, self.remove_user, self.assign, self.clock)

    @cached_property
    def assign(self) -> AssignTenants:
        return AssignTenants(self.users, self.users, self.revocations, self.clock)

    @cached_property
    def tenants(self) -> AdministerTenants:
        return AdministerTenants(MemoryTenants(self.world), self.clock)

    @cached_property
    def switch(self) -> SwitchTenant:
        return SwitchTenant(self.minter.refresh_tokens, self.refresh, self.enter_tenant)

    @cached_property
    def enter_tenant(self) -> EnterTenant:
        return EnterTenant(self.sessions, self.minter, self.clock)

    @cached_property
    def exchange(self) -> ExchangeCookie:
        return ExchangeCookie(self.sessions, self.minter, self.enter_tenant, self.clock)

    @cached_property
    def service_tokens(self) -> AdministerServiceTokens:
        store = MemoryServiceTokens(self.world)
        return AdministerServiceTokens(store, self.minter.signer, self.clock, AUDIENCE, 3600, 86_400)

    @cached_property
    def demo(self) -> Demo:
        tenants = MemoryTenants(self.world)
        notifications = MemoryNotifications(self.world)
        return Demo(self.create_user, self.remove_user, self.users, notifications, tenants, self.clock)

    @cached_property
    def notifications(self) -> ReadNotifications:
        return ReadNotifications(MemoryNotifications(self.world), self.clock)

    @cached_property
    def look_up(self) -> LookUpUsers:
        return LookUpUsers(self.users)

    def sign_in(
        self,
        username: str,
        password: str = "admin123",
        *,
        tenant_id: TenantId | None = None,
        source: str = HERE,
        wants_cookie: bool = True,
    ) -> SignedIn:
        return self.log_in(
            Credentials(password, Client(source, wants_cookie=wants_cookie), username=username, tenant_id=tenant_id)
        )

    def token(self, username: str = "admin", password: str = "admin123") -> str:
        """Return the access token of somebody who signs in."""
        return self.sign_in(username, password).tokens.access_token

    def caller(self, username: str = "admin", password: str = "admin123", **rest: Any) -> Principal:
        """Return who somebody is that signs in."""
        return self.principal(self.sign_in(username, password, **rest).tokens)

    def principal(self, pair: TokenPair) -> Principal:
        return self.authorize(RequestCredentials("GET", "/", authorization=(f"Bearer {pair.access_token}",)))

    def by_cookie(self, cookie: str | None, method: str = "GET", path: str = "/users/me", **rest: Any) -> Principal:
        return self.authorize(RequestCredentials(method, path, cookie=(f"{COOKIE_NAME}={cookie}",), **rest))

    def claims(self, pair: TokenPair) -> AccessTokenClaims:
        return verify_access_token(pair.access_token, self.keyring, AUDIENCE, self.clock())

    def change(self, caller: Principal, user_id: str, **changes: Any) -> None:
        """Let somebody change a user."""
        self.change_user(caller, user_id, changed(**changes))

    def add_user(
        self,
        username: str,
        tenant_id: TenantId = ACME,
        *,
        password: str = PASSWORD,
        email: str | None = None,
        **rest: Any,
    ) -> Principal:
        """Make a user, sign in, and return who that is."""
        wanted = new_user(password, username=username, email=email, tenant_id=tenant_id, **rest)
        self.create_user(self.caller(), wanted)
        return self.caller(username, password)


def new_user(
    password: str = PASSWORD, *, email: str | None = None, display_name: str | None = None, **rest: Any
) -> NewUser:
    """Return what an administrator asks for."""
    return NewUser(password, profile={"email": email, "display_name": display_name}, **rest)


def changed(*, current_password: str | None = None, **values: Any) -> UserChanges:
    """Return what somebody asks to change."""
    return UserChanges(values, current_password)


def changed_policy_of(house: House, tenant_id: TenantId, **members: Any) -> None:
    """Change what a tenant decides, from now on."""
    bounds = Bounds(session_seconds=86_400, mail_is_on=True)
    before = house.policies.get(tenant_id)
    house.policies.change(tenant_id, changed_policy(before, members, bounds, house.clock()))
