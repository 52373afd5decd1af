"""Signature Version 4, on the HMAC of the standard library.

Tests compare the signatures with those of botocore.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from doorward.aws.endpoints import Credentials, Endpoint

_NOTHING_SHA256 = hashlib.sha256(b"").hexdigest()


class Signer:
    """Signs requests to one endpoint, and keeps the key that it derives for a day."""

    def __init__(
        self, endpoint: Endpoint, credentials: Callable[[], Credentials], now: Callable[[], float] = time.time
    ) -> None:
        """Take what signatures are made of.

        Args:
            endpoint: where the requests go.
            credentials: returns what to sign with; asked for each request, because credentials may change.
            now: returns the seconds since 1970-01-01 UTC.
        """
        self._endpoint = endpoint
        self._host = endpoint.host
        self._credentials = credentials
        self._now = now
        self._kept: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def sign(self, target: str, media_type: str, body: bytes) -> dict[str, str]:
        """Return the headers of a signed POST request.

        Args:
            target: the operation, such as `DynamoDB_20120810.GetItem`.
            media_type: the body's type.
            body: what is sent.

        Source: AWS Signature Version 4, "Create a signed AWS API request".
        """
        credentials, date = self._credentials(), self._date()
        headers = {"content-type": media_type, "host": self._host, "x-amz-date": date}
        if credentials.session_token:
            headers["x-amz-security-token"] = credentials.session_token
        headers["x-amz-target"] = target
        return self._signed("POST\n/", headers, hashlib.sha256(body).hexdigest(), credentials)

    def sign_get(self, path: str) -> dict[str, str]:
        """Return the headers of a signed GET request to S3.

        Args:
            path: the path, percent-encoded. S3 signs it as it is sent; other services encode it once more.

        Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
        """
        credentials, date = self._credentials(), self._date()
        headers = {"host": self._host, "x-amz-content-sha256": _NOTHING_SHA256, "x-amz-date": date}
        if credentials.session_token:
            headers["x-amz-security-token"] = credentials.session_token
        return self._signed(f"GET\n{path}", headers, _NOTHING_SHA256, credentials)

    def _date(self) -> str:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))

    def _signed(
        self, method_and_path: str, headers: dict[str, str], body_sha256: str, credentials: Credentials
    ) -> dict[str, str]:
        names = ";".join(headers)  # in the order of the alphabet, as the signature wants them
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method_and_path}\n\n{lines}\n{names}\n{body_sha256}"
        date = headers["x-amz-date"]
        scope = f"{date[:8]}/{self._endpoint.region}/{self._endpoint.service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(credentials.secret_key, scope), to_sign.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _key(self, secret_key: str, scope: str) -> bytes:
        kept_for, key = self._kept
        if kept_for != (secret_key, scope):
            key = f"AWS4{secret_key}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._kept = ((secret_key, scope), key)
        return key
