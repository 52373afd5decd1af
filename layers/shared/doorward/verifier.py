"""Verify access tokens anywhere: the authorizer's own decision, from nothing but the issuer's URL.

    verifier = Verifier("https://id.example.com")
    principal = verifier.verify(token)

Keys and the feed of revocations are read over HTTPS and kept. A logout is honoured within `interval_seconds`; the
Lambda authorizer alone honours it at the next request.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from typing import Any

from doorward.access_tokens import verify_access_token
from doorward.errors import InsufficientScope, InvalidToken, MissingCredentials, Unavailable
from doorward.keyring import Keyring
from doorward.model import Clock, Principal
from doorward.revocation import denial_reason, must_change_password
from doorward.revocation_feed import MAX_LENGTH, SIGNED_ANEW_SECONDS, Feed, verify_feed
from doorward.route_rules import Route, refusal
from doorward.shared_secret import SharedSecret
from doorward.signing_keys import ALGORITHMS, KeySet, PublicKey

Fetch = Callable[[str, str | None], tuple[str | None, str | None]]
"""From a URL and a known ETag to the text, None if it did not change, and its ETag."""

_TIMEOUT_SECONDS = 5.0
_KEYS_MAX_AGE_MS = 300_000
_RETRY_MS = 1000


class Verifier:
    """Verifies the access tokens of one deployment; one object serves all threads of a process."""

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
        """Take where tokens come from; nothing is read before the first token.

        Args:
            issuer: the deployment's issuer URL, as `iss` says it.
            audience: whom tokens must be for.
            interval_seconds: how old the known revocations may be; None trusts a token until it expires.
            max_staleness_seconds: how long to go on with known revocations if the feed cannot be read; after that
                nobody is let in.
            shared_secret: of a deployment in HS256 mode; None reads the published keys.
            url: where the issuer answers, if that is not its name.
            fetch: reads a URL; by default over urllib.
            clock: the time in milliseconds; by default the system's.

        Raises:
            Misconfigured: the shared secret is weak.
        """
        self._url = (url or issuer).rstrip("/")
        self._issuer, self._audience = issuer, audience
        self._interval_ms = None if interval_seconds is None else round(interval_seconds * 1000)
        self._max_staleness_ms = round(max_staleness_seconds * 1000)
        self._fetch = fetch or _read
        self._clock = clock or (lambda: time.time_ns() // 1_000_000)
        keyring = Keyring(self._load_keys, self._clock, max_age_ms=_KEYS_MAX_AGE_MS)
        self._keyring = keyring if shared_secret is None else SharedSecret(_Named(issuer), shared_secret)
        self._keys: KeySet | None = None
        self._feed: Feed | None = None
        self._etag: str | None = None
        self._known_at_ms = 0
        self._next_try_ms = 0
        self._lock = threading.Lock()

    def verify(self, token: str, *, tenant_id: str | None = None, roles: Collection[str] = ()) -> Principal:
        """Return who a token stands for.

        Args:
            token: an access token or a service token.
            tenant_id: the tenant whose data is asked for, if the request names one.
            roles: of which the caller needs one; none asks for none.

        Raises:
            InvalidToken: answer 401; `reason` is for the log.
            InsufficientScope: answer 403: another tenant's, without the role, or with a password to change first.
            Unavailable: keys or revocations cannot be read; answer 503.
        """
        claims = verify_access_token(token, self._keyring, self._audience, self._clock())
        revocations = self._revocations().read(claims.tenant_id, claims.user_id)
        reason = denial_reason(claims, revocations)
        if reason is not None:
            raise InvalidToken(reason=reason)
        principal = Principal(
            user_id=claims.user_id,
            username=claims.username,
            tenant_id=claims.tenant_id,
            roles=frozenset(claims.roles),
            session_id=claims.session_id,
            token_id=claims.token_id,
        )
        denied = refusal(Route(tenant_id=tenant_id), principal)
        if must_change_password(claims, revocations):
            denied = "password_change_required"
        elif denied is None and roles and not principal.roles.intersection(roles):
            denied = "role_missing"
        if denied is not None:
            raise InsufficientScope(reason=denied)
        return principal

    def verify_header(self, value: str | None, **wanted: Any) -> Principal:  # noqa: ANN401 - as `verify` takes it
        """Return who an Authorization header stands for.

        Raises:
            MissingCredentials: it is absent, or of another scheme than Bearer; answer 401.
            InvalidToken, InsufficientScope, Unavailable: as `verify`.
        """
        scheme, _, token = (value or "").strip().partition(" ")
        if scheme.lower() != "bearer":
            raise MissingCredentials
        return self.verify(token.strip(), **wanted)

    def verify_handshake(self, auth: object, **wanted: Any) -> Principal:  # noqa: ANN401 - as `verify` takes it
        """Return who a Socket.IO handshake stands for: its `auth` is `{"token": …}`.

        Raises:
            MissingCredentials: there is no token in it.
            InvalidToken, InsufficientScope, Unavailable: as `verify`.
        """
        token = auth.get("token") if isinstance(auth, Mapping) else None
        if not isinstance(token, str) or not token:
            raise MissingCredentials
        return self.verify(token.removeprefix("Bearer "), **wanted)

    def _revocations(self) -> Feed:
        if self._interval_ms is None:
            return Feed()
        with self._lock:
            now_ms = self._clock()
            if (self._feed is None or now_ms - self._known_at_ms >= self._interval_ms) and now_ms >= self._next_try_ms:
                self._refresh(now_ms)
            if self._feed is None or now_ms - self._known_at_ms >= self._interval_ms + self._max_staleness_ms:
                raise Unavailable(reason="stale_revocations")
            return self._feed

    def _refresh(self, now_ms: int) -> None:
        try:
            text, etag = self._fetch(f"{self._url}/.well-known/revocations", self._etag)
            feed = self._feed if text is None else verify_feed(text, self._keyring)
        except (Unavailable, InvalidToken):
            self._next_try_ms = now_ms + _RETRY_MS
            return
        if feed is None or now_ms // 1000 - feed.issued_at > 3 * SIGNED_ANEW_SECONDS:
            # Somebody answers with an old copy, or with none.
            self._etag, self._next_try_ms = None, now_ms + _RETRY_MS
            return
        self._feed, self._etag, self._known_at_ms = feed, etag or self._etag, now_ms

    def _load_keys(self) -> KeySet:
        try:
            text, _ = self._fetch(f"{self._url}/.well-known/jwks.json", None)
            self._keys = KeySet(self._issuer, "", _public_keys(text or "{}"))
        except (Unavailable, ValueError, KeyError, TypeError, AttributeError) as error:
            if self._keys is None:
                raise Unavailable(reason="unreachable_keys") from error
        return self._keys


class _Named:
    """An identity that is its issuer's name alone."""

    def __init__(self, issuer: str) -> None:
        self._key_set = KeySet(issuer, "", ())

    def key_set(self) -> KeySet:
        return self._key_set

    def verification_key(self, _: str) -> Any:  # noqa: ANN401 - never returns
        raise InvalidToken(reason="unknown_kid")


def _public_keys(text: str) -> tuple[PublicKey, ...]:
    found = []
    for jwk in json.loads(text)["keys"]:
        algorithm = next((name for name in ALGORITHMS if name == jwk.get("alg")), None)
        if algorithm is not None:
            members = {name: value for name, value in jwk.items() if name not in {"kid", "use", "alg"}}
            found.append(PublicKey(kid=jwk["kid"], state="active", algorithm=algorithm, jwk=members, created_at_ms=0))
    return tuple(found)


def _read(url: str, etag: str | None) -> tuple[str | None, str | None]:
    request = urllib.request.Request(url, headers={"If-None-Match": etag} if etag else {})  # noqa: S310 - the issuer's
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.read(MAX_LENGTH).decode("utf-8"), answer.headers.get("ETag")
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_MODIFIED:
            return None, etag
        raise Unavailable(reason=f"{url}: {error.code}") from error
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        raise Unavailable(reason=f"{url}: {type(error).__name__}") from error
