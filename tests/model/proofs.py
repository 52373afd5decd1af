"""What mailed proofs and second factors are worth, on the page of the model."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.page import PLATFORM, Page, Person, Token
from tests.model.people import RECENT_SECONDS, is_admin, is_young, owns, refusal_to_see, take_password
from tests.model.sittings import Expected, begun, raised

TRIES = 5
CODE_MS, RESET_MS, WAIT_MS = 600_000, 3_600_000, 300_000
STEP_MS = 30_000
WRONG = Expected("invalid_second_factor")


@dataclass(eq=False)
class Mailed:
    """A link and a code that were asked for, to set a new password."""

    challenge: str
    address: str
    tenant: str
    made_ms: int
    tries: int = 0
    used: bool = False


@dataclass(eq=False)
class Waiting:
    """A sign-in that waits for its second factor."""

    challenge: str
    person: Person
    realm: str
    made_ms: int
    tries: int = 0
    used: bool = False


def reset(page: Page, mailed: Mailed, way: str, password: str) -> str:
    """Tell what becomes of a link, a code or a wrong code."""
    if mailed.used or page.now_ms >= mailed.made_ms + RESET_MS:
        return "invalid_proof"
    if way != "link":
        if page.now_ms >= mailed.made_ms + CODE_MS or mailed.tries >= TRIES:
            return "invalid_proof"
        mailed.tries += 1
    person = page.named(mailed.address, mailed.tenant)
    if way == "wrong" or person is None or not person.active or mailed.made_ms <= person.changed_ms:
        return "invalid_proof"
    if not _is_own_mail(person):
        return "invalid_proof"
    mailed.used = True
    take_password(page, person, password, must_change=False)
    person.address_proved = True
    page.cut_off(person, person.realms, sessions=True)
    return "ok"


def _is_own_mail(person: Person) -> bool:
    """Return whether a mail to somebody's address lets its reader in, whoever wrote the address."""
    alone = len(person.places) <= 1 and not person.platform and person.address_by in {None, person.home}
    return alone or (person.address_proved and person.address_by is None)


def finish(page: Page, waiting: Waiting, kind: str, value: object) -> Expected:
    """Tell what becomes of a second factor: `totp` with its step, `recovery_code` with its text, or `wrong`."""
    if waiting.used or waiting.tries >= TRIES or page.now_ms >= waiting.made_ms + WAIT_MS:
        return WRONG
    waiting.tries += 1
    person = waiting.person
    if page.roles(person, waiting.realm) is None or waiting.made_ms <= person.changed_ms:
        return WRONG
    if not proves(page, person, kind, value):
        return WRONG
    waiting.used = True
    return Expected("ok", begun(page, person, waiting.realm, sure=True))


def proves(page: Page, person: Person, kind: str, value: object) -> bool:
    """Return whether a factor is proved, and use it up."""
    if kind == "totp" and isinstance(value, int) and person.app:
        now = page.now_ms // STEP_MS
        if abs(value - now) <= 1 and value > person.last_step:
            person.last_step = value
            return True
    if kind == "recovery_code" and value in person.codes:
        person.codes.remove(str(value))
        return True
    person.misses += 1
    return False


def refusal_to_enrol(page: Page, by: Token) -> str | None:
    """Return with which code somebody is refused who begins to enrol an app."""
    if by.restriction() == "password_change_required":
        return by.restriction()
    old = not is_young(page, by, RECENT_SECONDS)
    return "insufficient_user_authentication" if old or (by.sitting.person.app and not by.sure) else None


def enrolled(page: Page, by: Token, step: int) -> Expected:
    """Put down an app whose first code was of this step; the session that enrolled it is raised."""
    person = by.sitting.person
    person.app, person.last_step = True, step
    return raised(page, by.sitting, sure=True)


def step_up(page: Page, by: Token, kind: str, value: object) -> Expected:
    """Tell what becomes of a step-up: by `password`, or by a factor."""
    person = by.sitting.person
    if by.restriction() == "password_change_required":
        return Expected("password_change_required")
    if kind == "password":
        if person.app:
            return Expected("insufficient_user_authentication")
        if value != person.password:
            by.sitting.misses += 1
            return Expected("wrong_password")
        return raised(page, by.sitting, sure=False)
    return raised(page, by.sitting, sure=True) if proves(page, person, kind, value) else WRONG


def reset_factors(page: Page, by: Token, person: Person) -> str:
    """Tell what becomes of it when an administrator takes somebody's factors away: all sessions end."""
    refused = refusal_to_see(page, by, person)
    if refused:
        return refused
    if by.sitting.person is person:
        return "own_account"
    alone = len(person.places) <= 1
    if not owns(page, by, person) or not (alone or by.sitting.person.platform):
        return "insufficient_scope"
    if not is_young(page, by):
        return "insufficient_user_authentication"
    person.app, person.codes, person.had_codes = False, [], False
    page.cut_off(person, person.realms, sessions=True)
    return "ok"


def mint_service(page: Page, by: Token, tenant: str) -> str:
    """Tell what becomes of a new token of a service."""
    refused = refusal_to_administer(page, by, tenant)
    if refused or not is_young(page, by):
        return refused or "insufficient_user_authentication"
    return "ok" if page.tenants[tenant] else "not_found"


def refusal_to_administer(page: Page, by: Token, tenant: str) -> str | None:
    """Return with which code a caller is refused who administers the tenant of a path; None if the caller may."""
    if by.restriction() or by.sitting.person.platform:
        return by.restriction()
    if by.sitting.realm != tenant or tenant == PLATFORM:
        return "not_found"
    return None if is_admin(page, by, tenant) else "insufficient_scope"
