"""What an issuer publishes, as those outside read it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import NoReturn
from urllib.parse import urlsplit

from doorward.errors import InvalidToken, Misconfigured, Unavailable
from doorward.keys.signing import ALGORITHMS, KeySet, PublicKey
from doorward.tokens.feed import MAX_LENGTH

_TIMEOUT_SECONDS = 5.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nobody anywhere: keys come from the issuer alone."""

    def redirect_request(self, *_: object) -> None:
        """Take the redirection for the failure that it is."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def checked_url(url: str) -> str:
    """Return a URL that keys may be read from.

    Raises:
        Misconfigured: it is neither https nor on this machine.
    """
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        # Somebody between us and the issuer could put other keys in the place of the published ones.
        raise Misconfigured(reason="the issuer must be an https URL")
    return url


class IssuerName:
    """An identity that is its issuer's name alone."""

    def __init__(self, issuer: str) -> None:
        """Take the name."""
        self._key_set = KeySet(issuer, "", ())

    def key_set(self) -> KeySet:
        """Return it."""
        return self._key_set

    def verification_key(self, _: str) -> NoReturn:
        """Find no key."""
        raise InvalidToken(reason="unknown_kid")


def public_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys in a JSON Web Key Set that are of our algorithms.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    found = []
    for jwk in json.loads(text)["keys"]:
        algorithm = next((name for name in ALGORITHMS if name == jwk.get("alg")), None)
        if algorithm is not None:
            members = {name: value for name, value in jwk.items() if name not in {"kid", "use", "alg"}}
            found.append(PublicKey(kid=jwk["kid"], state="active", algorithm=algorithm, jwk=members, created_at_ms=0))
    return tuple(found)


def read_url(url: str, etag: str | None) -> tuple[str | None, str | None]:
    """Read a URL over HTTP, and its ETag; None for a text that did not change.

    Raises:
        Unavailable: it cannot be read.
    """
    request = urllib.request.Request(url, headers={"If-None-Match": etag} if etag else {})  # noqa: S310 - the issuer's
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.read(MAX_LENGTH).decode("utf-8"), answer.headers.get("ETag")
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_MODIFIED:
            return None, etag
        raise Unavailable(reason=f"{url}: {error.code}") from error
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        raise Unavailable(reason=f"{url}: {type(error).__name__}") from error
