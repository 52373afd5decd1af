"""Where AWS's services answer, and what requests to them are signed with, for clients without an SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from doorward.errors import Misconfigured

_PORTS = {"https": 443, "http": 80}
_OWN = {
    "dynamodb": "DYNAMODB",
    "secretsmanager": "SECRETS_MANAGER",
    "s3": "S3",
    "lambda": "LAMBDA",
    "events": "EVENTBRIDGE",
    "sqs": "SQS",
}


class Credentials(NamedTuple):
    """What requests are signed with."""

    access_key: str
    secret_key: str
    session_token: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Credentials:
        """Return the credentials that Lambda gives every function.

        Raises:
            Misconfigured: a variable that Lambda sets is absent, or cannot be sent.
        """
        found = cls(
            _variable(environment, "AWS_ACCESS_KEY_ID"),
            _variable(environment, "AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN", ""),
        )
        # They become header lines, which a line's end would split.
        if not all(text.isascii() and text.isprintable() for text in found):
            raise Misconfigured(reason="the credentials in the environment are malformed")
        return found


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of one of AWS's services.

    Args:
        service: the name that signatures have for the service, such as `dynamodb`.
        region: the region, such as `eu-central-1`.
        url: the scheme and the host, such as `https://dynamodb.eu-central-1.amazonaws.com`.
        path: what all paths there begin with.
    """

    service: str
    region: str
    url: str
    path: str = "/"

    @classmethod
    def from_environment(cls, service: str, environment: Mapping[str, str]) -> Endpoint:
        """Return the address of a service in the function's region, unless the environment names another.

        Args:
            service: `dynamodb`, `secretsmanager`, `lambda`, `events` or `sqs`.
            environment: the environment variables.

        Raises:
            Misconfigured: there is no region, or the address is not one of a host alone.

        Source: AWS SDKs Reference Guide, "Service-specific endpoints".
        """
        return cls(service, _variable(environment, "AWS_REGION"), _url(service, environment, f"{service}."))

    @classmethod
    def of_bucket(cls, bucket: str, environment: Mapping[str, str]) -> Endpoint:
        """Return the address of a bucket of S3 in the function's region, unless the environment names another address.

        On AWS the host names the bucket, because AWS means to give up paths that do. A host that the environment names
        may be an IP address, before which no name of a bucket can stand; there the path names the bucket.

        Args:
            bucket: the bucket's name, without dots: a certificate of S3 is for one label before `s3`.
            environment: the environment variables.

        Raises:
            Misconfigured: there is no region, or the address is not one of a host alone.

        Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
        """
        path = f"/{bucket}/" if _own_url("s3", environment) else "/"
        return cls("s3", _variable(environment, "AWS_REGION"), _url("s3", environment, f"{bucket}.s3."), path)

    @property
    def is_secure(self) -> bool:
        """Return whether the service is spoken to over TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def address(self) -> tuple[str, int]:
        """Return the host's name, and the port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    @property
    def host(self) -> str:
        """Return what the header `Host` says: the port is named unless it is the scheme's own."""
        parts = urlsplit(self.url)
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        return name if parts.port in {None, _PORTS[parts.scheme]} else f"{name}:{parts.port}"


def is_local_cloud(environment: Mapping[str, str]) -> bool:
    """Return whether AWS itself is an emulator on this machine.

    A function on AWS cannot be told so: it would look for its tables on its own machine, where there are none, and so
    do nothing at all.
    """
    return urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname in {"127.0.0.1", "localhost"}


def _variable(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise Misconfigured(reason=f"the environment variable {name} is not set")
    return value


def _own_url(service: str, environment: Mapping[str, str]) -> str | None:
    """Return the address that the environment names, None if it names none."""
    return environment.get(f"AWS_ENDPOINT_URL_{_OWN[service]}") or environment.get("AWS_ENDPOINT_URL")


def _url(service: str, environment: Mapping[str, str], prefix: str) -> str:
    """Return the address that the environment names, or else AWS's own: a prefix, the region and AWS's domain.

    Raises:
        Misconfigured: the address is not one of a host alone.
    """
    region = _variable(environment, "AWS_REGION")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = _own_url(service, environment) or f"https://{prefix}{region}.{suffix}"
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise Misconfigured(reason=f"the endpoint of {service} is not one of a host alone")
    return url
