"""The settings of one function, read from its environment.

Importing this module reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from doorward.errors import Misconfigured, NotFound
from doorward.model import ClaimNames


@dataclass(frozen=True, slots=True, repr=False, eq=False)  # nobody prints or compares them
class Settings:
    """Every setting of a deployment.

    A function gets only the settings that it needs. Each field comes from the environment variable with the same name
    in capitals.
    """

    users_table: str = ""
    refresh_tokens_table: str = ""
    revocations_table: str = ""
    login_attempts_table: str = ""
    signing_keys_table: str = ""
    notifications_table: str = ""
    sockets_table: str = ""
    proofs_table: str = ""
    audit_table: str = ""
    webhooks_table: str = ""
    event_bus: str = ""
    deliveries_queue_url: str = ""
    mail_from: str = ""
    mail_reply_to: str = ""
    mail_configuration_set: str = ""
    link_url: str = ""
    feed_bucket: str = ""
    socket_api_id: str = ""
    socket_url: str = ""
    url_suffix: str = "amazonaws.com"
    signing_secret_id: str = ""
    refresh_mac_secret_id: str = ""
    name_secret_id: str = ""
    audience: str = "doorward"
    claim_names: ClaimNames = "both"
    token_hook_arn: str = ""
    token_hook_failure: Literal["deny", "skip"] = "deny"  # noqa: S105 - what becomes of a token
    token_hook_timeout_ms: int = 1000
    signing_algorithm: str = "RS256"
    jwt_secret: str = field(default="", repr=False)
    jwt_secret_previous: str = field(default="", repr=False)
    allowed_origins: tuple[str, ...] = ()
    default_tenant_id: str = ""
    platform_second_factor: Literal["required", "optional"] = "required"
    passkey_rp_id: str = ""
    passkey_origins: tuple[str, ...] = ()
    demo_enabled: str = "false"
    pages_enabled: str = "false"
    access_ttl_seconds: int = 900
    refresh_ttl_seconds: int = 86_400
    refresh_overlap_seconds: int = 10
    service_token_ttl_seconds: int = 3600
    service_token_max_ttl_seconds: int = 2_592_000
    key_rotation_days: int = 90
    key_announce_seconds: int = 86_400
    key_cache_seconds: int = 300
    marker_shards: int = 32
    revocation_staleness_seconds: int = 0
    argon2_memory_kib: int = 19_456
    argon2_time_cost: int = 2
    breached_passwords: str = "file"
    breached_passwords_bucket: str = ""
    password_min_length: int = 8
    audit_retention_days: int = 365
    throttle_window_seconds: int = 300
    throttle_per_pair: int = 10
    throttle_per_account: int = 50
    throttle_per_source: int = 200
    throttle_per_source_day: int = 1000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings that are present, and check the numbers.

        Args:
            environment: variable name to text, as in `os.environ`.

        Returns:
            The settings. A setting has its default if its variable is absent or empty.

        Raises:
            Misconfigured: a number is not a positive whole number, or a choice is none of those that there are.
        """
        values: dict[str, Any] = {}
        for setting in fields(cls):
            text = environment.get(setting.name.upper())
            if text is None or text == "":
                continue
            values[setting.name] = _value(setting.name, text, setting.default)
            choices = _CHOICES.get(setting.name, (text,))
            if text not in choices:
                raise Misconfigured(reason=f"the environment variable {setting.name.upper()} is {' or '.join(choices)}")
        return cls(**values)

    def require(self, name: str) -> str:
        """Return a text setting that this function needs.

        Raises:
            Misconfigured: the setting is absent or empty.
        """
        value = getattr(self, name)
        if not isinstance(value, str) or not value:
            raise Misconfigured(reason=f"the environment variable {name.upper()} is not set")
        return value

    @property
    def mail_is_on(self) -> bool:
        """Whether this deployment sends mails."""
        return bool(self.mail_from)

    @property
    def webauthn_origins(self) -> tuple[str, ...]:
        """The origins whose pages may use passkeys; none where the deployment has no passkeys."""
        if not self.passkey_rp_id:
            return ()
        own = self.passkey_origins or (f"https://{self.passkey_rp_id}",)
        return tuple(dict.fromkeys((*own, *self.allowed_origins)))

    def require_mail(self) -> None:
        """Make sure that the deployment sends mails.

        Raises:
            NotFound: the deployment sends none. The answer is the same as for an unknown path.
        """
        if not self.mail_is_on:
            raise NotFound

    def require_demo(self) -> None:
        """Make sure that the deployment has the demo.

        Raises:
            NotFound: the deployment has no demo. The answer is the same as for an unknown path.
        """
        if self.demo_enabled != "true":
            raise NotFound


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "claim_names": get_args(ClaimNames),
    "token_hook_failure": ("deny", "skip"),
    "platform_second_factor": ("required", "optional"),
}


def _value(name: str, text: str, default: object) -> object:
    """Return the value of a setting, of the kind that its default is of; texts of a list have commas between them."""
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return _number(name, text, default) if isinstance(default, int) else text


def _number(name: str, text: str, default: int) -> int:
    """Return a whole number: a positive one, or also 0 where that is the default."""
    if not text.isascii() or not text.isdigit() or int(text) < min(default, 1):
        raise Misconfigured(reason=f"the environment variable {name.upper()} is not a positive whole number")
    return int(text)
