"""What signing in, refreshing, switching and signing out mean, on the page of the model."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.page import ACCESS_SECONDS, Cookie, Page, Person, Renewal, Sitting, Token

OVERLAP_MS = 10_000
ONE_TIME_MS = 72 * 3_600_000


@dataclass(frozen=True)
class Expected:
    """What the product must answer: a code, and the session whose tokens come with it."""

    code: str
    sitting: Sitting | None = None
    spends: bool = False  # whether the refresh token was spent for it


REFUSED = Expected("invalid_grant")


def sign_in(page: Page, person: Person | None, realm: str, password: str) -> Expected:
    """Tell what becomes of a sign-in. The session is put on the page when its id is known."""
    if person is None or person.password != password or page.roles(person, realm) is None:
        return Expected("invalid_credentials")
    if person.must_change and page.now_ms - person.set_ms > ONE_TIME_MS:
        return Expected("invalid_credentials")
    if person.app:
        return Expected("second_factor_required")
    return Expected("ok", begun(page, person, realm))


def begun(page: Page, person: Person, realm: str, *, sure: bool = False) -> Sitting:
    """Return a session that begins now, whose id is not known yet."""
    return Sitting(person, realm, "", page.now_ms, page.now_ms, page.now_ms, sure=sure)


def refresh(page: Page, renewal: Renewal) -> Expected:
    """Tell what becomes of a refresh."""
    sitting = renewal.sitting
    if not page.goes_on(sitting):
        return _dead(page, renewal)
    if renewal.generation == sitting.generation:
        sitting.generation += 1
        sitting.turned_ms, sitting.went_to = page.now_ms, None
        return Expected("ok", sitting)
    return Expected("ok", sitting) if _overlaps(page, renewal) else _reused(page, renewal)


def switch(page: Page, renewal: Renewal, tenant: str) -> Expected:
    """Tell what becomes of a refresh token that is spent on another tenant."""
    old = renewal.sitting
    if old.realm == tenant:
        return refresh(page, renewal)
    if not page.goes_on(old):
        return _dead(page, renewal)
    if renewal.generation != old.generation and not _overlaps(page, renewal):
        return _reused(page, renewal)
    repeats = old.generation == renewal.generation + 1 and old.went_to == tenant
    expected = _enter(page, old, tenant, repeats=repeats)
    if expected.spends:
        old.generation += 1
        old.turned_ms, old.went_to = page.now_ms, tenant
    return expected


def exchange(page: Page, cookie: Cookie, tenant: str | None) -> Expected:
    """Tell what becomes of a cookie that is exchanged for an access token."""
    if not page.accepts_cookie(cookie):
        return Expected("invalid_token")
    if tenant is None or tenant == cookie.sitting.realm:
        return Expected("ok", cookie.sitting)
    return _enter(page, cookie.sitting, tenant, repeats=True)


def _enter(page: Page, old: Sitting, tenant: str, *, repeats: bool) -> Expected:
    place = (old.person.id, old.family, tenant)
    there = page.sittings.get(place)
    if page.roles(old.person, tenant) is None:
        return REFUSED
    lives = there is not None and page.goes_on(there)
    if there is not None and lives and repeats:
        return Expected("ok", there)
    if page.lacks_factor(old) or _is_shut_out(page, old, there, tenant, lives=lives):
        return REFUSED
    if there is not None and lives:
        there.generation += 1
        there.turned_ms, there.went_to, there.sure, there.proved_ms = page.now_ms, None, old.sure, old.proved_ms
        return Expected("ok", there, spends=True)
    entered = Sitting(old.person, tenant, old.family, old.began_ms, old.proved_ms, page.now_ms, sure=old.sure)
    page.sittings[place] = entered
    return Expected("ok", entered, spends=True)


def _is_shut_out(page: Page, old: Sitting, there: Sitting | None, tenant: str, *, lives: bool) -> bool:
    """Return whether somebody ended the family's session in the tenant, or all of the user's after it began."""
    if there is not None and there.ended_alone:
        return True
    ended_ms, spared = page.ended.get((old.person.id, tenant), (-1, None))
    return not lives and old.began_ms < ended_ms and spared != old.family


def _overlaps(page: Page, renewal: Renewal) -> bool:
    recent = page.now_ms - renewal.sitting.turned_ms <= OVERLAP_MS
    return recent and renewal.sitting.generation == renewal.generation + 1


def _reused(page: Page, renewal: Renewal) -> Expected:
    page.end_family(renewal.sitting)
    return REFUSED


def _dead(page: Page, renewal: Renewal) -> Expected:
    """Refuse a token of a session that is over. If its family is back in the realm, that is reuse."""
    old = renewal.sitting
    now = page.sittings.get((old.person.id, old.family, old.realm))
    if now is not None and now is not old and page.goes_on(now):
        page.end_family(now)
    return REFUSED


def raised(page: Page, sitting: Sitting, *, sure: bool) -> Expected:
    """Raise a session in which somebody proved more: its refresh token and its cookie from before are spent."""
    sitting.generation += 2
    sitting.turned_ms = sitting.proved_ms = page.now_ms
    sitting.went_to, sitting.sure = None, sitting.sure or sure
    for cookie in page.cookies:
        cookie.live = cookie.live and cookie.sitting is not sitting
    return Expected("ok", sitting)


def token_of(page: Page, text: str, sitting: Sitting) -> Token:
    """Return the access token that a session gets now."""
    now = page.now_ms // 1000
    ends_s = now + min(ACCESS_SECONDS, (sitting.ends_ms - page.now_ms) // 1000)
    proved_s, must_change = sitting.proved_ms // 1000, sitting.person.must_change
    return Token(text, sitting, ends_s, proved_s, must_change, page.lacks_factor(sitting), sitting.sure)
