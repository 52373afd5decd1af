"""Sign in with a password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ulid import ULID

from doorward import audit
from doorward.errors import InvalidCredentials, InvalidRequest, TooManyAttempts
from doorward.model import Admission, Clock, Session, SessionId, SessionRef, Subject, TenantId, TokenPair, UserId
from doorward.rules import names
from doorward.rules.passwords import PasswordHasher
from doorward.rules.tenancy import admitted_subject
from doorward.rules.throttles import Attempt, Counter, Throttles, trust, trust_key
from doorward.sessions.minting import TokenMinter
from doorward.stores import AttemptStore, Directory, SessionStore, SignInTarget
from doorward.tokens.cookie import mint_cookie

_NOBODY = SignInTarget(UserId("0" * 26), TenantId("0"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody sent to sign in: a user name or an e-mail address, and the rest.

    Args:
        tenant_id: the tenant to enter; the user's home tenant if absent.
        source: the address the request came from.
        wants_cookie: whether a web session cookie may be given.
    """

    password: str
    source: str
    username: str | None = None
    email: str | None = None
    tenant_id: TenantId | None = None
    client_id: str | None = None
    wants_cookie: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of a sign-in; `cookie` is the value of the web session cookie, if one was wanted."""

    tokens: TokenPair
    cookie: str | None


@dataclass(frozen=True, slots=True)
class LogIn:
    """Proves a password and starts a session.

    An unknown user, a wrong password, a wrong tenant and a disabled user get the same answer after
    the same work (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").
    """

    directory: Directory
    sessions: SessionStore
    attempts: AttemptStore
    throttles: Throttles
    hasher: PasswordHasher
    minter: TokenMinter
    clock: Clock
    refresh_ttl_seconds: int
    default_tenant_id: TenantId | None = None

    def __call__(self, credentials: Credentials) -> SignedIn:
        """Sign in.

        Raises:
            InvalidRequest: an e-mail address without a tenant to look it up in.
            TooManyAttempts: a throttle is full; nothing was verified.
            InvalidCredentials: anything about the credentials is wrong.
            NotInitialised: the deployment has no keys.
        """
        now_ms = self.clock()
        located = self._locate(credentials)
        attempt = Attempt(credentials.source, self._account(credentials, located))
        counters = self._admit(attempt, now_ms)
        tenant_id = credentials.tenant_id or located.home_tenant_id
        admission = self.directory.get_admission(tenant_id, located.user_id)
        ref = SessionRef(tenant_id, located.user_id, SessionId(str(ULID())))
        subject = self._verify(admission, ref, credentials.password)
        cookie, cookie_hash = mint_cookie(ref) if credentials.wants_cookie else (None, None)
        session = Session(
            ref=ref,
            generation=0,
            epochs=admission.epochs,
            created_at_ms=now_ms,
            rotated_at_ms=now_ms,
            expires_at_ms=now_ms + self.refresh_ttl_seconds * 1000,
            cookie_hash=cookie_hash,
            client_id=credentials.client_id,
        )
        tokens = self.minter.mint(session, admission, subject, now_ms)
        self.sessions.add(session, counters=counters, trust=trust(attempt, now_ms))
        audit.record("signed_in", tenant_id=tenant_id, user_id=ref.user_id, session_id=ref.session_id)
        return SignedIn(tokens, cookie)

    def _account(self, credentials: Credentials, located: SignInTarget) -> str:
        # By whichever name a user is called, the tries are counted together.
        if located.user_id != _NOBODY.user_id:
            return f"user:{located.user_id}"
        if credentials.email is None:
            return f"username:{names.fold(credentials.username or '')}"
        return f"email:{self._email_realm(credentials)}:{names.fold(credentials.email)}"

    def _email_realm(self, credentials: Credentials) -> TenantId:
        tenant_id = credentials.tenant_id or self.default_tenant_id
        if tenant_id is None:
            raise InvalidRequest("Signing in by e-mail needs a tenant_id.")
        return tenant_id

    def _admit(self, attempt: Attempt, now_ms: int) -> Sequence[Counter]:
        counters = self.throttles.counters(attempt, now_ms, trusted=False)
        full = self.attempts.count(counters)
        if (
            full is not None
            and full.key.startswith("account#")
            and self.attempts.is_trusted(trust_key(attempt), now_ms)
        ):
            counters = self.throttles.counters(attempt, now_ms, trusted=True)
            full = self.attempts.count(counters)
        if full is not None:
            audit.record("sign_in_throttled", by=full.key.partition("#")[0])
            raise TooManyAttempts(full.retry_after_seconds(now_ms))
        return counters

    def _locate(self, credentials: Credentials) -> SignInTarget:
        if credentials.email is None:
            return self.directory.get_by_username(names.fold(credentials.username or "")) or _NOBODY
        tenant_id = self._email_realm(credentials)
        user_id = self.directory.get_by_email(tenant_id, names.fold(credentials.email))
        return SignInTarget(user_id, tenant_id) if user_id else SignInTarget(_NOBODY.user_id, tenant_id)

    def _verify(self, admission: Admission, ref: SessionRef, password: str) -> Subject:
        proved = self.hasher.verify(admission.password_hash, password)
        subject = admitted_subject(admission, ref)
        if not proved or subject is None:
            reason = "not_admitted" if proved else "wrong_password" if admission.password_hash else "unknown_user"
            audit.record("sign_in_failed", reason=reason, user_id=admission.user.id if admission.user else None)
            raise InvalidCredentials(reason=reason)
        self._rehash(admission, password)
        return subject

    def _rehash(self, admission: Admission, password: str) -> None:
        if admission.user and admission.password_hash and self.hasher.needs_rehash(admission.password_hash):
            self.directory.change_password_hash(admission.user.id, admission.password_hash, self.hasher.hash(password))
