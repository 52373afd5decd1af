"""The members of a tenant's policy: which values each of them takes, and what the whole must keep to.

A member is declared by its line in `doorward.model.policy`, which says its type and what holds without it, and by its
row here. What is accepted, shown, checked and stored is derived from these two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from doorward.errors import InvalidRequest
from doorward.model import Branding, SignInPolicy, TenantPolicy
from doorward.rules.audit import RETENTION_DAYS
from doorward.rules.branding import check_branding
from doorward.rules.metadata import MAX_NAMES, check_metadata_name
from doorward.rules.names import check_display_name, check_email, check_locale, fold_email

MAX_DOMAINS = 50
MIN_SESSION_SECONDS = 60
MAX_GRACE_DAYS = 60
MAX_REMEMBERED_DAYS = 90
PASSWORD_LENGTHS = (8, 64)
MAX_MAIL_NAME = 64

_DIVIDING = re.compile(r"[<>(),;:\\\"\[\]]")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the deployment allows its tenants.

    Args:
        session_seconds: how long a session of the deployment lives.
        mail_is_on: whether the deployment sends mail.
    """

    session_seconds: int
    mail_is_on: bool


@dataclass(frozen=True, slots=True)
class Member:
    """The rule of one member.

    Args:
        check: returns a value in its stored form, or raises InvalidRequest; for null nobody asks.
        description: what clients read about the member.
    """

    check: Callable[[Any, Bounds], Any]
    description: str


def _as_it_is(value: Any, _: Bounds) -> Any:  # noqa: ANN401 - its type is one of few texts
    return value


def _domains(values: Sequence[str], _: Bounds) -> tuple[str, ...]:
    found = tuple(sorted({_domain(text) for text in values}))
    if len(found) > MAX_DOMAINS:
        raise InvalidRequest(f"domains has at most {MAX_DOMAINS} domains.")
    return found


def _domain(text: str) -> str:
    folded = fold_email(check_email(f"somebody@{text.strip()}")).rpartition("@")[2]
    if not all(one in "-." or unicodedata.category(one)[0] in "LMN" for one in folded):
        raise InvalidRequest("A domain is one of e-mail addresses, such as example.com.")
    return folded


def _methods(values: Sequence[str], bounds: Bounds) -> tuple[str, ...]:
    if not values:
        raise InvalidRequest("methods has at least one method, or nobody could sign in.")
    if "email_code" in values and not bounds.mail_is_on:
        raise InvalidRequest("methods cannot have email_code, because this deployment sends no mail.")
    return tuple(sorted(set(values), reverse=True))


def _days(name: str, most: int) -> Callable[[int, Bounds], int]:
    def check(value: int, _: Bounds) -> int:
        if not 0 <= value <= most:
            raise InvalidRequest(f"{name} is 0 to {most}.")
        return value

    return check


def _session_seconds(value: int, bounds: Bounds) -> int:
    if not MIN_SESSION_SECONDS <= value <= bounds.session_seconds:
        raise InvalidRequest(f"session_seconds is {MIN_SESSION_SECONDS} to {bounds.session_seconds}.")
    return value


def _least_password_length(value: int, _: Bounds) -> int:
    least, most = PASSWORD_LENGTHS
    if not least <= value <= most:
        raise InvalidRequest(f"least_password_length is {least} to {most}.")
    return value


def _locale(text: str, _: Bounds) -> str:
    return check_locale(text)


def _mail_from_name(text: str, _: Bounds) -> str:
    name = check_display_name(text)
    if len(name) > MAX_MAIL_NAME:
        raise InvalidRequest(f"mail_from_name has at most {MAX_MAIL_NAME} characters.")
    return name


def _mail_reply_to(text: str, _: Bounds) -> str:
    if _DIVIDING.search(text):  # in a header these would make one address two, or another one
        raise InvalidRequest("mail_reply_to is one e-mail address without a name.")
    return check_email(text)


def _audit_retention_days(value: int, _: Bounds) -> int:
    least, most = RETENTION_DAYS
    if not least <= value <= most:
        raise InvalidRequest(f"audit_retention_days is {least} to {most}.")
    return value


def _branding(values: Mapping[str, str | None], _: Bounds) -> Branding | None:
    return check_branding(values)


def _token_metadata(values: Sequence[str], _: Bounds) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(map(check_metadata_name, values)))
    if len(names) > MAX_NAMES:
        raise InvalidRequest(f"token_metadata has at most {MAX_NAMES} names.")
    return names


MEMBERS: Mapping[str, Member] = {
    "sign_up": Member(_as_it_is, "who becomes a user without an administrator; `domain`: addresses of `domains`"),
    "domains": Member(_domains, f"of e-mail addresses; at most {MAX_DOMAINS}"),
    "methods": Member(_methods, "by what people sign in; `email_code` needs mail, and users with an address"),
    "second_factor": Member(
        _as_it_is, "who proves one: nobody; who has one; administrators, and who has one; everybody"
    ),
    "second_factor_grace_days": Member(
        _days("second_factor_grace_days", MAX_GRACE_DAYS),
        "how long who needs a second factor may go on without; counted from the change, and from joining",
    ),
    "remember_device_days": Member(
        _days("remember_device_days", MAX_REMEMBERED_DAYS),
        "how long a device counts in place of the second factor that was proved on it; 0 for never",
    ),
    "session_seconds": Member(_session_seconds, "60 to the deployment's; also shortens the sessions that live"),
    "least_password_length": Member(_least_password_length, "of new passwords, 8 to 64"),
    "locale": Member(_locale, "the language of mails to who has none, such as `de-CH`"),
    "mail_from_name": Member(_mail_from_name, f"beside the sender's address; at most {MAX_MAIL_NAME} characters"),
    "mail_reply_to": Member(_mail_reply_to, "where answers to mails go: one address"),
    "branding": Member(_branding, "what the tenant's pages look like; the whole of it is replaced"),
    "audit_retention_days": Member(
        _audit_retention_days, "how long the audit trail keeps what happens from now on; 1 to 3650 days"
    ),
    "token_metadata": Member(_token_metadata, "which of a user's metadata go into access tokens, by name"),
}
SIGN_IN_MEMBERS = frozenset(field.name for field in fields(SignInPolicy))
"""The members that every sign-in reads."""


def value_of(policy: TenantPolicy, name: str) -> Any:  # noqa: ANN401 - a member may be of any type
    """Return what a policy says under the name of a member."""
    return getattr(policy.sign_in if name in SIGN_IN_MEMBERS else policy, name)


def changed_policy(before: TenantPolicy, values: Mapping[str, Any], bounds: Bounds, now_ms: int) -> TenantPolicy:
    """Return a policy with other members, to be stored.

    Args:
        before: the policy as it was read.
        values: member to new value; None gives the default back.
        bounds: what the deployment allows.
        now_ms: the time, in milliseconds: from then on people have days of grace, if more is asked of them.

    Raises:
        InvalidRequest: a value breaks a rule, or the policy would contradict itself.
    """
    defaults = TenantPolicy()
    checked = {
        name: value_of(defaults, name) if value is None else MEMBERS[name].check(value, bounds)
        for name, value in values.items()
    }
    sign_in = {name: value for name, value in checked.items() if name in SIGN_IN_MEMBERS}
    if sign_in.get("second_factor", before.sign_in.second_factor) != before.sign_in.second_factor:
        sign_in["second_factor_from_ms"] = now_ms
    rest = {name: value for name, value in checked.items() if name not in SIGN_IN_MEMBERS}
    after = replace(before, version=before.version + 1, sign_in=replace(before.sign_in, **sign_in), **rest)
    if after.sign_up == "domain" and not after.domains:
        raise InvalidRequest("sign_up by domain needs at least one of domains.")
    return after


def may_sign_up(policy: TenantPolicy, email: str) -> bool:
    """Return whether the policy lets somebody with this address sign up."""
    if policy.sign_up == "domain":
        return fold_email(email).rpartition("@")[2] in policy.domains
    return policy.sign_up == "open"
