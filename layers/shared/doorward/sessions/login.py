"""Sign in with a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidCredentials
from doorward.model import PLATFORM, Admission, Clock, SessionId, SessionRef, Subject, TenantId, User, UserId
from doorward.rules.passwords import ONE_TIME_SECONDS, PasswordHasher
from doorward.rules.tenancy import admitted_subject
from doorward.rules.throttles import FAILURES_SECONDS, MAX_FAILURES, Attempt, failures_name
from doorward.sessions.begin import BeginSession, Client, SignedIn
from doorward.sessions.naming import name_of
from doorward.sessions.throttle import BegunAttempt, ThrottleSignIn
from doorward.stores import AttemptStore, Directory, SignInTarget
from doorward.tokens.device import Devices
from doorward.tokens.ids import mint_ulid

_NOBODY = UserId("0" * 26)
_NOWHERE = TenantId("0")
_UNKNOWN = "unknown_user"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody sent to sign in: a user name or an e-mail address, and the rest.

    Args:
        password: as sent.
        client: what asks.
        username: this or `email`.
        email: this or `username`.
        tenant_id: the tenant to enter; the user's home tenant if absent.
    """

    password: str
    client: Client
    username: str | None = None
    email: str | None = None
    tenant_id: TenantId | None = None


@dataclass(frozen=True, slots=True)
class LogIn:
    """Proves a password and starts a session.

    An unknown user, a wrong password, a wrong tenant and a disabled user get the same answer after the same work, and
    the same answers to everything they try afterwards (OWASP Authentication Cheat Sheet, "Authentication and Error
    Messages").
    """

    directory: Directory
    attempts: AttemptStore
    throttle: ThrottleSignIn
    devices: Devices
    hasher: PasswordHasher
    begin: BeginSession
    clock: Clock
    default_tenant_id: TenantId | None = None

    def __call__(self, credentials: Credentials) -> SignedIn:
        """Sign in.

        Raises:
            InvalidRequest: an e-mail address without a tenant to look it up in.
            TooManyAttempts: a throttle is full; nothing was verified.
            InvalidCredentials: anything about the credentials is wrong.
            SecondFactorRequired: the password was right, and a second factor must be proved.
            NotInitialised: the deployment has no keys.
        """
        tenant_id = credentials.tenant_id or self.default_tenant_id
        name = name_of(credentials.username, credentials.email, tenant_id)
        attempt = Attempt(credentials.client.source, name.presented)
        device = self.devices.read(credentials.client.device_token)
        found = self.directory.look_up(name, self.throttle.keys(attempt, device))
        begun = self.throttle.begin(attempt, device, found)
        try:
            admission, subject = self._prove(credentials, found.target, begun)
            # Before the attempt is taken back: whoever is denied gets no other answers afterwards than who guesses.
            ext = self.begin.permit(admission, subject)
        except InvalidCredentials:
            raise  # counted: this was a guess
        except Exception:
            self.throttle.undo(begun)
            raise
        if self.begin.waits(admission, subject, "password", begun.known_device):
            self.throttle.undo(begun)  # the right password alone is no sign-in, and no guess
        else:
            self.throttle.succeed(attempt, begun)
            if admission.failures:
                self.attempts.clear_failures(subject.user_id)
        return self.begin(admission, subject, credentials.client, begun.known_device, ext=ext)

    def _prove(
        self, credentials: Credentials, target: SignInTarget | None, begun: BegunAttempt
    ) -> tuple[Admission, Subject]:
        user_id = target.user_id if target else _NOBODY
        tenant_id = credentials.tenant_id or (target.home_tenant_id if target else _NOWHERE)
        admission = self.directory.get_admission(tenant_id, user_id)
        proved = self.hasher.verify(admission.password_hash, credentials.password)
        subject = admitted_subject(admission, SessionRef(tenant_id, user_id, SessionId(mint_ulid())))
        restricted = admission.failures >= MAX_FAILURES and begun.known_device is None
        late = _is_late(admission, self.clock())
        barred = "password" not in admission.policy.methods
        if not proved or subject is None or restricted or late or barred:
            reason = (
                "one_time_password_expired"
                if proved and late
                else _reason(admission, proved=proved, restricted=restricted)
            )
            self._record_failure(admission, tenant_id, begun, reason)
            raise InvalidCredentials(reason=reason)
        self._rehash(admission, credentials.password)
        return admission, subject

    def _record_failure(self, admission: Admission, tenant_id: TenantId, begun: BegunAttempt, reason: str) -> None:
        now, user = self.clock() // 1000, admission.user
        # For nobody, the same write goes to an item that is there already: neither time nor tables grow with names.
        counter = begun.counters[-1]
        key, expires_at = (
            (failures_name(user.id), now + FAILURES_SECONDS) if user else (counter.key, counter.expires_at)
        )
        with _failed(admission, tenant_id, reason):
            failures = self.attempts.add_failure(key, expires_at)
        if failures == MAX_FAILURES and user is not None:
            where = tenant_id if _is_of(user, tenant_id) else user.sign_in_realm
            audit.add("account_restricted", tenant_id=where, user_id=user.id, by=None, failures=MAX_FAILURES)

    def _rehash(self, admission: Admission, password: str) -> None:
        if admission.user and admission.password_hash and self.hasher.needs_rehash(admission.password_hash):
            self.directory.change_password_hash(admission.user.id, admission.password_hash, self.hasher.hash(password))


@contextmanager
def _failed(admission: Admission, tenant_id: TenantId, reason: str) -> Iterator[None]:
    """Record a sign-in that failed.

    A user of other tenants is nobody in the trail of this one: its administrators could try any name, and read there
    whether it is somebody's. A tenant that somebody made up has no trail.
    """
    user, where = admission.user, tenant_id if admission.tenant_status else PLATFORM
    known = user if user is not None and _is_of(user, tenant_id) else None
    told = {"reason": reason if known else _UNKNOWN, "user_id": known.id if known else None}
    with audit.act("sign_in_failed", tenant_id=where, by=None, **told) as failed:
        failed.log_only.update(reason=reason, user_id=user.id if user else None)
        yield


def _is_of(user: User, tenant_id: TenantId) -> bool:
    return tenant_id in {*user.realms, user.sign_in_realm}


def _is_late(admission: Admission, now_ms: int) -> bool:
    """Return whether a password that must be changed first has waited too long for its user."""
    user = admission.user
    waited_ms = now_ms - admission.password_set_at_ms
    return user is not None and user.password_change_required and waited_ms > ONE_TIME_SECONDS * 1000


def _reason(admission: Admission, *, proved: bool, restricted: bool) -> str:
    if not proved:
        return "wrong_password" if admission.password_hash else _UNKNOWN
    if restricted:
        return "known_devices_only"
    return "not_admitted" if "password" in admission.policy.methods else "password_not_allowed"
