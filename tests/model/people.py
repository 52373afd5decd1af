"""What administrators and users may do to users, and what it ends, on the page of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.model.page import PLATFORM, Page, Person, Place, Sitting, Token

DANGEROUS_SECONDS, RECENT_SECONDS = 3600, 600


def is_admin(page: Page, by: Token, tenant: str) -> bool:
    roles = page.roles(by.sitting.person, by.sitting.realm) or ()
    own = "admin" in roles and by.sitting.realm == tenant != PLATFORM
    return own or "platform_admin" in roles


def is_young(page: Page, by: Token, seconds: int = DANGEROUS_SECONDS) -> bool:
    return page.now_ms // 1000 <= by.proved_s + seconds


def owns(page: Page, by: Token, person: Person) -> bool:
    """Return whether the caller administers somebody's account, and not a membership alone."""
    return by.sitting.person.platform or (not person.platform and is_admin(page, by, person.home))


def refusal_to_see(page: Page, by: Token, person: Person) -> str | None:
    """Return with which code a caller is refused who asks for somebody; None if the caller may see them."""
    return by.restriction() or _refusal_to_see(page, by, person)


def _refusal_to_see(page: Page, by: Token, person: Person) -> str | None:
    own = by.sitting.person is person
    if not own and not is_admin(page, by, by.sitting.realm):
        return "insufficient_scope"
    seen = own or by.sitting.person.platform or by.sitting.realm in person.places
    return None if seen and not person.gone else "not_found"


def keeps_admin(page: Page, person: Person, tenants: list[str], change: Callable[[Person], None]) -> bool:
    """Return whether each of the tenants keeps an administrator if somebody is changed so."""
    after = replace(person, places={tenant: replace(place) for tenant, place in person.places.items()})
    change(after)
    lost = [one for one in tenants if page.administers(person, one) and not page.administers(after, one)]
    return not any(page.administrators(tenant) == [person] for tenant in lost)


def kept_in(by: Token, person: Person) -> list[str]:
    """Return the tenants that must keep an administrator when this caller changes somebody."""
    return [one for one in person.places if by.sitting.person.platform or one == by.sitting.realm]


def note_abandoned(page: Page, by: Token, person: Person) -> None:
    """Note which tenants the home tenant of their last administrator left without one."""
    others = set(person.places) - set(kept_in(by, person))
    page.abandoned |= {tenant for tenant in others if not page.administrators(tenant)}


def create(page: Page, by: Token, name: str, address: str | None, tenant: str) -> str:
    """Tell what becomes of a new user."""
    if by.restriction():
        return str(by.restriction())
    if not is_admin(page, by, tenant):
        return "insufficient_scope"
    if not is_young(page, by):
        return "insufficient_user_authentication"
    if any(person.name == name for person in page.people):
        return "username_taken"
    return "email_taken" if address and page.named(address, tenant) else "ok"


def change(page: Page, by: Token, person: Person, what: str, value: object) -> str:
    """Tell what becomes of a change of somebody else's roles, status, password, or need of a new password."""
    owner = owns(page, by, person)
    here = by.sitting.realm if by.sitting.realm in person.places else person.home
    refused = _refusal_to_change(page, by, person, what)
    if refused is None and what == "roles" and here not in person.places:
        refused = "invalid_request"
    act = _change_of(page, what, value, here, owner=owner)
    if refused is None and not keeps_admin(page, person, kept_in(by, person), act):
        refused = "last_admin"
    if refused is None:
        act(person)
        note_abandoned(page, by, person)
        _end_after_change(page, person, what, value, here, owner=owner)
    return refused or "ok"


def _refusal_to_change(page: Page, by: Token, person: Person, what: str) -> str | None:
    """Return with which code a change is refused, in the order in which the product looks at it."""
    own, owner = by.sitting.person is person, owns(page, by, person)
    shared = len(person.places) > 1 and not by.sitting.person.platform
    unseen, of_place = _refusal_to_see(page, by, person), what in {"roles", "status"}
    refusals = [
        ("second_factor_required", by.restriction() == "second_factor_required"),
        (unseen, unseen is not None),
        ("password_change_required", by.restriction() is not None and not (own and what == "password")),
        ("invalid_request", own and what == "password"),  # without the present password
        ("own_account", own and of_place and is_admin(page, by, by.sitting.realm)),
        ("insufficient_scope", own or not (owner or of_place)),
        ("insufficient_user_authentication", what in {"roles", "password"} and not is_young(page, by)),
        ("insufficient_scope", what == "password" and shared),
    ]
    return next((code for code, holds in refusals if holds), None)


def _change_of(page: Page, what: str, value: object, here: str, *, owner: bool) -> Callable[[Person], None]:
    def act(person: Person) -> None:
        if what == "roles" and isinstance(value, tuple):
            person.places[here].roles = value
        elif what == "status":
            person.active = value == "active" if owner else person.active
            if here in person.places and (value == "active" or not owner):
                person.places[here].active = value == "active"
        elif what == "password":
            take_password(page, person, str(value), must_change=True)
        else:
            person.must_change = bool(value)

    return act


def _end_after_change(page: Page, person: Person, what: str, value: object, here: str, *, owner: bool) -> None:
    if what == "password" or (what == "status" and value == "disabled" and owner):
        page.cut_off(person, person.realms, sessions=True)
    elif what == "must_change" and value is True:
        page.cut_off(person, person.realms, sessions=False)
    elif what == "status" and value == "disabled":
        page.cut_off(person, [here], sessions=True)
    elif what in {"roles", "status"} and here in person.places:
        page.cut_off(person, [here], sessions=False)


def take_password(page: Page, person: Person, password: str, *, must_change: bool) -> None:
    """Give somebody a password: what was mailed or begun before is dead."""
    person.password, person.must_change = password, must_change
    person.set_ms = person.changed_ms = page.now_ms


def change_own_password(page: Page, by: Token, current: str, new: str) -> str:
    """Tell what becomes of a change of the caller's own password: all sessions end but the caller's."""
    if by.restriction() == "second_factor_required":
        return "second_factor_required"
    person, sitting = by.sitting.person, by.sitting
    if current != person.password:
        sitting.misses += 1
        return "wrong_password"
    take_password(page, person, new, must_change=False)
    page.cut_off(person, person.realms, sessions=True, spared=sitting)
    for token in page.tokens:
        if token.sitting is sitting:
            token.must_change = False
    return "ok"


def delete(page: Page, by: Token, person: Person) -> str:
    """Tell what becomes of the deletion of somebody else."""
    refused = refusal_to_see(page, by, person)
    if refused or not owns(page, by, person):
        return refused or "insufficient_scope"

    def act(one: Person) -> None:
        one.gone = True

    if not keeps_admin(page, person, kept_in(by, person), act):
        return "last_admin"
    page.cut_off(person, person.realms, sessions=True)
    act(person)
    note_abandoned(page, by, person)
    return "ok"


def assign(page: Page, by: Token, person: Person, tenant: str, roles: tuple[str, ...]) -> str:
    """Tell what becomes of an assignment to a tenant, in place of the roles there."""
    refused = _refused_to_join(page, by, person)
    if refused or not is_young(page, by):
        return refused or "insufficient_user_authentication"
    place = person.places.get(tenant)
    if place is not None and place.roles == roles:
        return "ok"
    if place is None and person.address and page.named(person.address, tenant):
        return "email_taken"

    def act(one: Person) -> None:
        one.places[tenant] = Place(roles, active=place.active if place else True)

    if not keeps_admin(page, person, list(person.places), act):
        return "last_admin"
    act(person)
    page.cut_off(person, [tenant], sessions=False)
    return "ok"


def unassign(page: Page, by: Token, person: Person, tenant: str) -> str:
    """Tell what becomes of a removal from a tenant."""
    refused = _refused_to_join(page, by, person)
    if refused or tenant not in person.places:
        return refused or "not_found"

    def act(one: Person) -> None:
        del one.places[tenant]

    if not keeps_admin(page, person, list(person.places), act):
        return "last_admin"
    page.cut_off(person, [tenant], sessions=True)
    act(person)
    return "ok"


def _refused_to_join(page: Page, by: Token, person: Person) -> str | None:
    if by.restriction() is None and not by.sitting.person.platform:
        return "insufficient_scope"
    return refusal_to_see(page, by, person)


def end_session(page: Page, by: Token, person: Person, family: str) -> str:
    """Tell what becomes of the end of one session: of its family, if the caller acts in all the user's tenants."""
    refused = refusal_to_see(page, by, person)
    if refused:
        return refused
    unbound = by.sitting.person is person or by.sitting.person.platform
    realms = person.realms if unbound else [by.sitting.realm]
    found = [page.sittings.get((person.id, family, realm)) for realm in realms]
    alive: list[Sitting] = [one for one in found if one is not None and one.live and page.now_ms < one.ends_ms]
    if not alive:
        return "not_found"
    if unbound:
        page.end_family(alive[0])
    else:
        page.end(alive[0])
    return "ok"


def end_sessions(page: Page, by: Token, person: Person) -> str:
    """Tell what becomes of the end of all sessions of somebody, as far as the caller acts."""
    refused = refusal_to_see(page, by, person)
    if refused:
        return refused
    unbound = by.sitting.person is person or by.sitting.person.platform
    page.cut_off(person, person.realms if unbound else [by.sitting.realm], sessions=True)
    return "ok"
