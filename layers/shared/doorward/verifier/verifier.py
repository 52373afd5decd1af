"""Verify access tokens in any program.

The program needs only the issuer's URL, and decides as the authorizer does.

    verifier = Verifier("https://id.example.com")
    principal = verifier.verify(token)

The verifier reads the keys and the feed of revocations over HTTPS, and keeps them. The verifier refuses a token
within `interval_seconds` after the logout. Only the Lambda authorizer refuses the token from the next request on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from doorward.authorization import RequestCredentials, judge
from doorward.errors import DoorwardError, InvalidToken, MissingCredentials, Unavailable
from doorward.keys.keyring import Keyring
from doorward.keys.shared_secret import SharedSecret
from doorward.keys.signing import KeySet
from doorward.model import AccessTokenClaims, Acr, Clock, Principal, Revocations
from doorward.rules.challenges import refused
from doorward.rules.requirements import checked_requirement
from doorward.rules.routes import ANY, Route, RouteRule, refusal
from doorward.tokens.access import verify_access_token
from doorward.tokens.memory import TokenMemory
from doorward.verifier.feed import Fetch, ReadFeed
from doorward.verifier.issuer import IssuerName, checked_url, public_keys, read_url

_KEYS_MAX_AGE_MS = 300_000
_RETRY_MS = 1000
_LOGGER = logging.getLogger("doorward.verifier")


class AnyTenant(Enum):
    """What a server may pass in place of a tenant's id."""

    ANY = "any"


ANY_TENANT = AnyTenant.ANY
"""The request is about no tenant. None means something else: a client forgot to name the tenant, and is refused."""


class Verifier:
    """Verifies the access tokens of one deployment.

    All threads of a process may use the same object.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str = "doorward",
        interval_seconds: float | None = 30,
        max_staleness_seconds: float = 600,
        shared_secret: str | None = None,
        url: str | None = None,
        fetch: Fetch | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take the issuer.

        Nothing is read before the first token, or a call of `load`.

        Args:
            issuer: the deployment's issuer URL, exactly as in the claim `iss`.
            audience: the audience that tokens must be for.
            interval_seconds: how old the known revocations may be. With None, a token is accepted until it expires.
            max_staleness_seconds: how much older the known revocations may be while the feed cannot be read. After
                that, nobody is let in.
            shared_secret: the secret of a deployment in HS256 mode. With None, the published keys are read.
            url: the URL at which the issuer answers, if it is not `issuer`. It must be https, except on this machine.
            fetch: reads a URL, and raises Unavailable if it cannot; by default with urllib.
            clock: returns the time in milliseconds; by default the system's time.

        Raises:
            Misconfigured: the URL is not https, or the shared secret is weak.
        """
        self._url = checked_url(url or issuer).rstrip("/")
        self._issuer, self._audience = issuer, audience
        self._interval_ms = None if interval_seconds is None else round(interval_seconds * 1000)
        self._max_staleness_ms = round(max_staleness_seconds * 1000)
        self._fetch = fetch or read_url
        self._clock = clock or (lambda: time.time_ns() // 1_000_000)
        keyring = Keyring(self._load_keys, self._clock, max_age_ms=_KEYS_MAX_AGE_MS)
        self._keyring = keyring if shared_secret is None else SharedSecret(IssuerName(issuer), shared_secret)
        self._keys: KeySet | None = None
        self._memory = TokenMemory()
        self._feed = ReadFeed(self._url, self._keyring, self._fetch)
        self._known_at_ms = 0
        self._next_try_ms = 0
        self._next_keys_ms = 0
        self._problem: DoorwardError | None = None
        self._reading = threading.Lock()

    def load(self) -> None:
        """Read keys and revocations now.

        The first caller does not wait then, and a wrong URL shows at once.

        Raises:
            Unavailable: keys or revocations cannot be read.
        """
        self._keyring.key_set()
        self._read()

    def verify(
        self,
        token: str,
        *,
        tenant_id: str | AnyTenant | None = ANY_TENANT,
        roles: Collection[str] = (),
        acr: Acr | None = None,
        max_age: int | None = None,
    ) -> Principal:
        """Verify a token, and return its caller.

        Args:
            token: an access token or a service token.
            tenant_id: the tenant whose data the request is about. Nobody may use None: a client forgot the tenant.
            roles: the caller needs one of these roles. Without roles, the caller needs none.
            acr: how sure the caller's sign-in must be; with None, any is.
            max_age: how old the caller's sign-in may be, in seconds; with None, as old as it is.

        Raises:
            InvalidToken: the token is not valid. Answer 401; `reason` is for the log.
            InsufficientScope: the caller belongs to another tenant, or lacks a role. Answer 403.
            InsufficientAuthentication: the sign-in is not sure enough or too old. Answer 401 with its `challenge`.
            PasswordChangeRequired: the caller must change their password first. Answer 403.
            EnrolmentRequired: the caller must prove or enrol a second factor first. Answer 403.
            Unavailable: keys or revocations cannot be read. Answer 503.
            TypeError: `roles` is a text and no collection of roles.
            ValueError: there is no such `acr`, or `max_age` is less than a second.
        """
        if isinstance(roles, str):
            raise TypeError("roles is a collection of roles")
        rule = RouteRule(ANY, "/", frozenset(roles), checked_requirement(acr, max_age))
        claims = verify_access_token(token, self._keyring, self._audience, self._clock(), self._memory)
        principal = judge(claims, self._revocations(claims))
        if principal.restriction is not None:
            raise refused(principal.restriction)
        self.check(principal, Route("", "/", None if isinstance(tenant_id, AnyTenant) else tenant_id or "", (rule,)))
        return principal

    def check(self, principal: Principal, route: Route) -> None:
        """Make sure that a caller may take a route now.

        Args:
            principal: whom `verify` returned.
            route: what is asked for, with the rules of the API's owner.

        Raises:
            InsufficientScope, InsufficientAuthentication: see `verify`.
        """
        denied = refusal(route, principal, self._clock())
        if denied is not None:
            raise refused(denied, route.requirement)

    def verify_header(self, value: str | None, **wanted: Any) -> Principal:  # noqa: ANN401 - as `verify` takes it
        """Verify the token in an Authorization header, and return its caller.

        Args:
            value: the header's value; None if the header is absent.
            wanted: the other arguments of `verify`.

        Raises:
            MissingCredentials: the header is absent, or its scheme is not Bearer. Answer 401.
            DoorwardError: see `verify`.
        """
        token = RequestCredentials("", "", authorization=(value or "",)).bearer()
        if token is None:
            raise MissingCredentials
        return self.verify(token, **wanted)

    def verify_handshake(self, auth: object, **wanted: Any) -> Principal:  # noqa: ANN401 - as `verify` takes it
        """Verify the token in a Socket.IO handshake, and return its caller.

        Args:
            auth: the handshake's `auth`: `{"token": …}`.
            wanted: the other arguments of `verify`.

        Raises:
            MissingCredentials: `auth` has no token. Answer 401.
            DoorwardError: see `verify`.
        """
        token = auth.get("token") if isinstance(auth, Mapping) else None
        if not isinstance(token, str) or not token:
            raise MissingCredentials
        return self.verify(token, **wanted)

    def _revocations(self, claims: AccessTokenClaims) -> Revocations:
        self._read()
        head = self._feed.head
        if self._interval_ms is None or head is None:
            return Revocations()
        return self._feed.known.of(claims, head)

    def _read(self) -> None:
        """Read what is new, if what is known is old.

        Raises:
            Unavailable: what is known is too old.
        """
        if self._interval_ms is None:
            return
        # While one thread reads, the other threads use what is known. They wait if nothing is known yet.
        if self._is_due() and self._reading.acquire(blocking=self._feed.head is None):
            try:
                if self._is_due():
                    self._refresh()
            finally:
                self._reading.release()
        limit_ms = self._interval_ms + self._max_staleness_ms
        if self._feed.head is None or self._clock() - self._known_at_ms >= limit_ms:
            raise Unavailable(reason="stale_revocations") from self._problem

    def _is_due(self) -> bool:
        now_ms = self._clock()
        old = self._feed.head is None or now_ms - self._known_at_ms >= (self._interval_ms or 0)
        return old and now_ms >= self._next_try_ms

    def _refresh(self) -> None:
        asked_at_ms = self._clock()
        try:
            self._feed(asked_at_ms // 1000)
        except (Unavailable, InvalidToken) as error:
            self._problem, self._next_try_ms = error, self._clock() + _RETRY_MS
            _LOGGER.warning("the feed of revocations could not be read: %s", error.reason)
            return
        self._problem, self._known_at_ms = None, asked_at_ms

    def _load_keys(self) -> KeySet:
        if self._keys is None and self._clock() < self._next_keys_ms:
            raise Unavailable(reason="unreachable_keys")
        try:
            text, _ = self._fetch(f"{self._url}/.well-known/jwks.json", None)
            self._keys = KeySet(self._issuer, "", public_keys(text or "{}"))
        except (Unavailable, ValueError) as error:
            _LOGGER.warning("the published keys could not be read: %s", type(error).__name__)
            self._next_keys_ms = self._clock() + _RETRY_MS
            if self._keys is None:
                raise Unavailable(reason="unreachable_keys") from error
        return self._keys
