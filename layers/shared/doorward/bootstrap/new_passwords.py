"""The judging of new passwords, apart from the hashing: who only verifies passwords has no list of them."""

from __future__ import annotations

from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.breaches.common import CommonPasswords
from doorward.breaches.ranges import MAX_BYTES, SECONDS, BreachedRange
from doorward.errors import Misconfigured
from doorward.outbound.client import Outbound
from doorward.settings import Settings
from doorward.stores import BreachedPasswords


def judge_new_password(settings: Settings) -> JudgeNewPassword:
    """Return what judges new passwords by this deployment's rules.

    Raises:
        Misconfigured: BREACHED_PASSWORDS is no way that there is, or the bucket of it is not named.
    """
    return JudgeNewPassword(CommonPasswords(), _elsewhere(settings), settings.password_min_length)


def _elsewhere(settings: Settings) -> BreachedPasswords | None:
    way = settings.breached_passwords
    if way == "file":
        return None
    if way == "range":
        return BreachedRange(Outbound(seconds=SECONDS, max_bytes=MAX_BYTES))
    if way == "bucket":
        # Only here: other functions that judge passwords need no AWS SDK.
        from doorward.aws.breach_bucket import BreachBucket  # noqa: PLC0415

        return BreachBucket(settings.require("breached_passwords_bucket"))
    raise Misconfigured(reason="BREACHED_PASSWORDS is none of file, range and bucket")
