"""Read what an issuer publishes, over HTTPS."""

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
    """Follows no redirection, because keys may come only from the issuer."""

    def redirect_request(self, *_: object) -> None:
        """Return None, which makes a redirection an error."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def checked_url(url: str) -> str:
    """Return the URL if keys may be read from it.

    Raises:
        Misconfigured: the URL is neither https nor a URL of this machine.
    """
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        # Somebody between this machine and the issuer could replace the published keys.
        raise Misconfigured(reason="the issuer must be an https URL")
    return url


class IssuerName:
    """An identity that has only the issuer's name, and no keys."""

    def __init__(self, issuer: str) -> None:
        """Take the issuer's name."""
        self._key_set = KeySet(issuer, "", ())

    def key_set(self) -> KeySet:
        """Return a key set that has the issuer and no keys."""
        return self._key_set

    def verification_key(self, _: str) -> NoReturn:
        """Refuse every key id.

        Raises:
            InvalidToken: always.
        """
        raise InvalidToken(reason="unknown_kid")


def public_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys in a JSON Web Key Set (RFC 7517 section 5) that have a supported algorithm.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: the text is no JSON Web Key Set.
    """
    found = []
    for jwk in json.loads(text)["keys"]:
        algorithm = next((name for name in ALGORITHMS if name == jwk.get("alg")), None)
        if algorithm is not None:
            members = {name: value for name, value in jwk.items() if name not in {"kid", "use", "alg"}}
            found.append(PublicKey(kid=jwk["kid"], state="active", algorithm=algorithm, jwk=members, created_at_ms=0))
    return tuple(found)


def read_url(url: str, etag: str | None) -> tuple[str | None, str | None]:
    """Read a URL.

    Args:
        url: the URL.
        etag: the ETag of the text that the caller has, if there is one.

    Returns:
        The text, and its ETag if it has one. The text is None if it did not change.

    Raises:
        Unavailable: the URL cannot be read.
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
