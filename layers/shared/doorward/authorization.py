"""The one decision: from a request's credentials to a principal, or a reason why not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from doorward.errors import InvalidToken, MissingCredentials, NotAuthenticated, SessionOver
from doorward.keys.keyring import Verifying
from doorward.model import AccessTokenClaims, Admission, Clock, Principal, Revocations, Session, Subject
from doorward.rules.factors import STRICT, FactorRule, authentication_of
from doorward.rules.metadata import metadata_of_token
from doorward.rules.requirements import NOTHING, Requirement
from doorward.rules.revocation import denial_reason, is_live, restriction_of
from doorward.rules.routes import Route, RouteRule, refusal, unmet
from doorward.rules.tenancy import admitted_subject
from doorward.tokens.access import verify_access_token
from doorward.tokens.cookie import COOKIE_NAME, read_cookie, same_secret
from doorward.tokens.memory import TokenMemory

if TYPE_CHECKING:
    from doorward.stores import RevocationReader, SessionReader

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_COOKIE_HEADER = 16_384
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/-]+=*)")  # RFC 6750 section 2.1


@dataclass(frozen=True, slots=True)
class RequestCredentials:
    """What a request presents about its caller; header values, and a WebSocket's offers, in the order they came.

    `changes_state` says whether the request changes state although its method is safe.
    """

    method: str
    path: str
    authorization: tuple[str, ...] = ()
    cookie: tuple[str, ...] = ()
    origin: str | None = None
    host: str | None = None
    fetch_site: str | None = None
    referer: str | None = None
    changes_state: bool = False
    subprotocols: tuple[str, ...] = ()

    def bearer(self) -> str | None:
        """Return the bearer token, or None if another scheme or none is used.

        Raises:
            InvalidToken: there is more than one, none behind the scheme, or anything but a token behind one space.
        """
        return _bearer(self.authorization)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is calling, and why the caller is refused; `doorward.rules.reasons` explains the reasons.

    `asked` is what the rules for the request ask of a sign-in; `unmet` are the rules that the caller meets on no path.
    """

    principal: Principal | None
    reason: str | None = None
    asked: Requirement = NOTHING
    unmet: tuple[RouteRule, ...] = ()

    @property
    def allowed(self) -> bool:
        """Return whether the request may go on."""
        return self.reason is None

    @property
    def restricted(self) -> bool:
        """Return whether the caller is known, and may do little before something else."""
        return self.principal is not None and self.principal.restriction is not None


@dataclass(frozen=True, slots=True)
class Authorize:
    """Decides who is calling. The same object serves the Lambda authorizer and signing out."""

    keyring: Verifying
    revocations: RevocationReader
    sessions: SessionReader
    audience: str
    allowed_origins: tuple[str, ...]
    clock: Clock
    factors: FactorRule = STRICT
    memory: TokenMemory = field(default_factory=TokenMemory)

    def __call__(self, credentials: RequestCredentials) -> Principal:
        """Return the caller.

        A bearer token beside a cookie decides alone, also when it is bad. A cookie counts only
        outside /api/{tenantId}.

        Raises:
            MissingCredentials: there are none.
            InvalidToken: they are not, or no longer, valid; `reason` says why.
            NotInitialised: the deployment has no keys.
        """
        token = credentials.bearer()
        if token is not None:
            return self._by_token(token)
        cookie = None if credentials.path.startswith("/api/") else read_cookie_value(credentials, COOKIE_NAME)
        if cookie is None:
            raise MissingCredentials
        return self._by_cookie(cookie, credentials)

    def decide(self, credentials: RequestCredentials, route: Route) -> Decision:
        """Return who is calling and whether the caller may take the route.

        Raises:
            NotInitialised, Unavailable: nobody can be recognised now.
        """
        try:
            principal = self(credentials)
        except NotAuthenticated as error:
            return Decision(None, error.reason)
        now_ms = self.clock()
        reason = principal.restriction or refusal(route, principal, now_ms)
        return Decision(principal, reason, route.requirement, unmet(route.rules, principal, now_ms))

    def _by_token(self, token: str) -> Principal:
        claims = verify_access_token(token, self.keyring, self.audience, self.clock(), self.memory)
        return judge(claims, self.revocations.get(claims.tenant_id, claims.user_id))

    def _by_cookie(self, cookie: str, credentials: RequestCredentials) -> Principal:
        now_ms = self.clock()
        admission, session, subject = admit_cookie(cookie, self.sessions, now_ms)
        proved, metadata = authentication_of(session), metadata_of_token(admission, subject.tenant_id)
        principal = Principal(subject=subject, authentication=proved, metadata=metadata)
        if is_cross_site(credentials, self.allowed_origins):
            return replace(principal, restriction="cross_site_request")
        if admission.user is not None and admission.user.password_change_required:
            return replace(principal, restriction="password_change_required")
        if self.factors.standing(admission, subject, proved.amr, now_ms) != "met":
            return replace(principal, restriction="second_factor_required")
        return principal


def admit_cookie(cookie: str, sessions: SessionReader, now_ms: int) -> tuple[Admission, Session, Subject]:
    """Return whom a session cookie lets in: what was read to decide it, the live session, and the subject.

    Args:
        cookie: the cookie's value.
        sessions: where sessions are read.
        now_ms: the time, in milliseconds.

    Raises:
        SessionOver: the cookie names no live session, or its user is not let in any more.
    """
    ref, secret_hash = read_cookie(cookie)
    admission = sessions.get_admission(ref)
    session = admission.session
    if session is None or admission.user is None or not same_secret(session.cookie_hash, secret_hash):
        raise SessionOver(reason="unknown_session")
    subject = admitted_subject(admission, ref)
    if subject is None or not is_live(session, admission, now_ms):
        raise SessionOver(reason="session_over")
    return admission, session, subject


def is_cross_site(credentials: RequestCredentials, allowed_origins: tuple[str, ...]) -> bool:
    """Return whether a browser says that another site made it send a state-changing request.

    Every browser since 2023 sends Sec-Fetch-Site, and those before sent Origin with every POST. A client that sends
    neither is no browser, except for a GET, which older browsers send with Referer alone (docs/decisions/0005).

    Args:
        credentials: what the request presents.
        allowed_origins: the other origins whose pages may use the cookie.
    """
    if credentials.method in _SAFE_METHODS and not credentials.changes_state:
        return False
    allowed = {*allowed_origins, _own_origin(credentials.host)}
    if credentials.fetch_site is not None:
        return not (credentials.fetch_site in {"same-origin", "none"} or credentials.origin in allowed)
    if credentials.origin is not None:
        return credentials.origin not in allowed
    return credentials.method in _SAFE_METHODS and _origin_of(credentials.referer) not in allowed


def _origin_of(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}"


def judge(claims: AccessTokenClaims, revocations: Revocations) -> Principal:
    """Return who a verified access token stands for now, with the restriction that holds for the caller.

    Args:
        claims: of the token.
        revocations: what is known to be revoked.

    Raises:
        InvalidToken: it was revoked.
    """
    if reason := denial_reason(claims, revocations):
        raise InvalidToken(reason=reason)
    return Principal(
        subject=claims.subject,
        token_id=claims.token_id,
        restriction=restriction_of(claims, revocations),
        expires_at=claims.expires_at,
        authentication=claims.authentication,
        metadata=claims.metadata,
        ext=claims.ext,
    )


def _own_origin(host: str | None) -> str:
    # API Gateway speaks https alone; only the local cloud does not.
    local = (host or "").partition(":")[0] in {"localhost", "127.0.0.1"}
    return f"{'http' if local else 'https'}://{host}"


def _bearer(values: tuple[str, ...]) -> str | None:
    given = [value for value in values if value.strip()]
    if not given:
        return None
    if len(given) > 1:
        raise InvalidToken(reason="several_authorization_headers")
    scheme, *rest = given[0].split(None, 1)
    if scheme.lower() != "bearer":
        return None
    if not rest:
        raise InvalidToken(reason="empty_token")
    if not (found := _BEARER.fullmatch(given[0])):
        raise InvalidToken(reason="malformed_bearer")
    return found[1]


def read_cookie_value(credentials: RequestCredentials, cookie_name: str) -> str | None:
    """Return the value of a cookie, or None if there is none.

    Raises:
        InvalidToken: the cookies are too long, or the cookie comes twice.
    """
    if len(text := "; ".join(credentials.cookie)) > MAX_COOKIE_HEADER:
        raise InvalidToken(reason="cookies_too_long")
    found = [
        value for part in text.split(";") for name, _, value in [part.strip().partition("=")] if name == cookie_name
    ]
    if len(found) > 1:
        raise InvalidToken(reason="several_session_cookies")
    return found[0] if found else None
