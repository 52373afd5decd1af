"""Turn results into HTTP answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from doorward.api.bodies.tokens import AccessTokenResponse, SignInResponse, TokenResponse
from doorward.api.routing import Response
from doorward.model import TokenPair
from doorward.tokens.cookie import COOKIE_NAME
from doorward.tokens.device import DEVICE_COOKIE_NAME, DEVICE_COOKIE_SECONDS

if TYPE_CHECKING:
    from doorward.sessions.begin import SignedIn

_SAFE = {"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=63072000"}
_COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


class ResponseBody(Protocol):
    """A declared body."""

    def to_json(self) -> str:
        """Return the body as JSON; members that are None are left out."""


def answer_json(
    body: ResponseBody | None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str | list[str]] | None = None,
) -> Response:
    """Return an answer with a JSON body, or without a body.

    No cache may store the answer.
    """
    text = "" if body is None else body.to_json() + "\n"
    return respond(status, text, "application/json", {"Cache-Control": "no-store", **(headers or {})})


def answer_public(text: str, max_age_seconds: int, seen: str | None) -> Response:
    """Return a public JSON document that caches may store, or 304 if the caller has the same document already.

    Args:
        text: the document.
        max_age_seconds: how long caches may keep the document.
        seen: the request's If-None-Match header (RFC 9110 section 13.1.2).
    """
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": f"public, max-age={max_age_seconds}", "ETag": etag}
    known = {tag.strip().removeprefix("W/") for tag in (seen or "").split(",")}
    if known & {etag, "*"}:
        return respond(HTTPStatus.NOT_MODIFIED, "", "application/json", headers)
    return respond(HTTPStatus.OK, text, "application/json", headers)


def answer_feed(text: str | None, tag: str) -> Response:
    """Return the signed head of the feed of revocations, or 304 if it did not change.

    A cache must ask Doorward before it answers.

    Args:
        text: the head; None if the caller has the same head already.
        tag: the head's ETag, without quotation marks.
    """
    headers = {"Cache-Control": "no-cache", "ETag": f'"{tag}"'}
    status = HTTPStatus.NOT_MODIFIED if text is None else HTTPStatus.OK
    return respond(status, text or "", "application/jwt", headers)


def answer_part(text: str) -> Response:
    """Return a part of the feed of revocations. A part never changes, so caches may keep it."""
    headers = {"Cache-Control": "public, max-age=86400, immutable"}
    return respond(HTTPStatus.OK, text, "application/json", headers)


def answer_tokens(pair: TokenPair) -> Response:
    """Return a token pair."""
    return answer_json(TokenResponse.of(pair), headers={"Pragma": "no-cache"})


def answer_access_token(pair: TokenPair) -> Response:
    """Return an access token, without the refresh token of its pair."""
    return answer_json(AccessTokenResponse.of(pair), headers={"Pragma": "no-cache"})


def answer_sign_in(signed_in: SignedIn, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the tokens of a sign-in; with a session cookie, also the cookie of the device.

    Whoever asked to keep in the cookie what renews gets the access token alone.
    """
    tokens = signed_in.tokens
    body = (
        SignInResponse.of_browser(tokens)
        if signed_in.cookie_alone
        else SignInResponse.of(tokens, signed_in.device_token)
    )
    cookies = session_cookies(signed_in)
    headers: dict[str, str | list[str]] = {"Pragma": "no-cache", **({"Set-Cookie": cookies} if cookies else {})}
    return answer_json(body, status, headers)


def session_cookies(signed_in: SignedIn) -> list[str]:
    """Return the headers that give the browser its session and its device; none if no cookie was wanted."""
    if signed_in.cookie is None:
        return []
    lives = signed_in.tokens.refresh_expires_in
    return [
        f"{COOKIE_NAME}={signed_in.cookie}; Max-Age={lives}; {_COOKIE_ATTRIBUTES}",
        f"{DEVICE_COOKIE_NAME}={signed_in.device_token}; Max-Age={DEVICE_COOKIE_SECONDS}; {_COOKIE_ATTRIBUTES}",
    ]


def raised_cookie(cookie: str | None, lives_seconds: int) -> dict[str, str | list[str]]:
    """Return the header that gives the browser the new cookie of its session; none for a session without one."""
    if cookie is None:
        return {}
    return {"Set-Cookie": f"{COOKIE_NAME}={cookie}; Max-Age={lives_seconds}; {_COOKIE_ATTRIBUTES}"}


def answer_preflight(methods: Sequence[str]) -> Response:
    """Tell a browser, before it sends a page's request, what the page may send (Fetch, CORS-preflight)."""
    listed = ", ".join(methods)
    headers = {
        "Allow": listed,
        "Cache-Control": "no-store",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Allow-Methods": listed,
        "Access-Control-Max-Age": "600",
    }
    return respond(HTTPStatus.NO_CONTENT, "", "application/json", headers)


def cleared_cookie() -> dict[str, str]:
    """Return the header that makes a browser delete the session cookie."""
    return {"Set-Cookie": f"{COOKIE_NAME}=; Max-Age=0; {_COOKIE_ATTRIBUTES}"}


def respond(status: HTTPStatus, body: str, media_type: str, headers: Mapping[str, str | list[str]]) -> Response:
    """Return any answer, with the headers that protect all against misuse."""
    return Response(
        status_code=status.value,
        content_type=media_type,
        body=body,
        headers={**_SAFE, **headers},
    )
