"""The plain model: one page that says who may do what now. It knows nothing of how the product decides that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PLATFORM = "-"
SESSION_MS, ACCESS_SECONDS = 86_400_000, 900


class Shown:
    """Something that a failure names in few words."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))


@dataclass
class Place:
    """What somebody is within one tenant."""

    roles: tuple[str, ...]
    active: bool = True


@dataclass(eq=False, repr=False)
class Person(Shown):
    """Somebody who signs in; the first of `places` is the home tenant."""

    id: str
    name: str
    password: str
    places: dict[str, Place]
    set_ms: int = 0  # when the password was set
    changed_ms: int = -1  # when password or address changed last: what was mailed or begun before is dead
    address: str | None = None
    address_by: str | None = None  # the tenant whose administrator wrote the address
    address_proved: bool = False
    active: bool = True
    must_change: bool = False
    gone: bool = False
    platform: bool = False
    app: bool = False
    last_step: int = 0
    codes: list[str] = field(default_factory=list)
    had_codes: bool = False
    misses: int = 0  # wrong passwords and codes

    def __repr__(self) -> str:
        return f"{self.name} in {self.places}"

    @property
    def home(self) -> str:
        return next(iter(self.places), PLATFORM)

    @property
    def realms(self) -> list[str]:
        return [*self.places, *([PLATFORM] if self.platform else [])]


@dataclass(eq=False, repr=False)
class Sitting(Shown):
    """One session: a family in one realm."""

    person: Person
    realm: str
    family: str
    began_ms: int
    proved_ms: int
    turned_ms: int  # when its refresh token was renewed last
    generation: int = 0
    went_to: str | None = None  # the tenant to which its last refresh token was spent
    sure: bool = False  # a second factor was proved
    live: bool = True
    ended_alone: bool = False  # somebody ended this one
    misses: int = 0

    def __repr__(self) -> str:
        return f"session {self.family[-4:]} of {self.person.name} in {self.realm}, generation {self.generation}"

    @property
    def ends_ms(self) -> int:
        return self.began_ms + SESSION_MS


@dataclass(eq=False, repr=False)
class Token(Shown):
    """An access token."""

    text: str
    sitting: Sitting
    ends_s: int
    proved_s: int  # when its user proved who they are
    must_change: bool
    lacks_factor: bool
    sure: bool  # a second factor was proved when it was minted
    live: bool = True

    def __repr__(self) -> str:
        return f"access token of {self.sitting}"

    def restriction(self) -> str | None:
        if self.must_change:
            return "password_change_required"
        return "second_factor_required" if self.lacks_factor else None


@dataclass(eq=False, repr=False)
class Service(Shown):
    """A token of a service."""

    text: str
    id: str
    name: str
    tenant: str
    ends_s: int
    live: bool = True

    def __repr__(self) -> str:
        return f"token of the service {self.name} in {self.tenant}"


@dataclass(eq=False, repr=False)
class Renewal(Shown):
    """A refresh token."""

    text: str
    sitting: Sitting
    generation: int

    def __repr__(self) -> str:
        return f"refresh token {self.generation} of {self.sitting}"


@dataclass(eq=False, repr=False)
class Cookie(Shown):
    """A session cookie; it names the sitting of its sign-in."""

    text: str
    sitting: Sitting
    live: bool = True

    def __repr__(self) -> str:
        return f"cookie of {self.sitting}"


@dataclass
class Page:
    """Everything that is true now."""

    now_ms: int = 0
    people: list[Person] = field(default_factory=list)
    tenants: dict[str, bool] = field(default_factory=dict)  # id to whether it is active
    sittings: dict[tuple[str, str, str], Sitting] = field(default_factory=dict)  # person, family, realm
    tokens: list[Token] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    cookies: list[Cookie] = field(default_factory=list)
    ended: dict[tuple[str, str], tuple[int, str | None]] = field(default_factory=dict)
    """When all sessions of a person in a realm were ended last, and the family that made the change and was spared."""
    abandoned: set[str] = field(default_factory=set)  # whose last administrator another tenant took away

    # What is true

    def roles(self, person: Person, realm: str) -> tuple[str, ...] | None:
        """Return with which roles somebody is let into a realm; None: not at all."""
        extra = ("platform_admin",) if person.platform else ()
        if person.gone or not person.active:
            return None
        if realm == PLATFORM:
            return extra or None
        place = person.places.get(realm)
        return (*place.roles, *extra) if place and place.active and self.tenants[realm] else None

    def goes_on(self, sitting: Sitting) -> bool:
        """Return whether a session lives, and its user is let in."""
        admitted = self.roles(sitting.person, sitting.realm) is not None
        return sitting.live and self.now_ms < sitting.ends_ms and admitted

    def accepts(self, token: Token | Service) -> bool:
        return token.live and self.now_ms < token.ends_s * 1000

    def accepts_cookie(self, cookie: Cookie) -> bool:
        return cookie.live and self.goes_on(cookie.sitting)

    def is_newest(self, renewal: Renewal) -> bool:
        return renewal.generation == renewal.sitting.generation and self.goes_on(renewal.sitting)

    def lacks_factor(self, sitting: Sitting) -> bool:
        return sitting.person.app and not sitting.sure

    def administers(self, person: Person, tenant: str) -> bool:
        place = person.places.get(tenant)
        alive = person.active and not person.gone
        return alive and place is not None and place.active and "admin" in place.roles

    def administrators(self, tenant: str) -> list[Person]:
        return [person for person in self.people if self.administers(person, tenant)]

    def named(self, address: str, tenant: str) -> Person | None:
        found = (one for one in self.people if one.address == address and tenant in one.places and not one.gone)
        return next(found, None)

    # What changes

    def cut_off(self, person: Person, realms: Iterable[str], *, sessions: bool, spared: Sitting | None = None) -> None:
        """Refuse the tokens of somebody in realms, and end the sessions too; one session may be spared."""
        for realm in list(realms):
            for sitting in self._of(person, realm):
                if sitting is not spared:
                    sitting.live = sitting.live and not sessions
                    self._refuse(sitting)
            if sessions:
                self.ended[person.id, realm] = (self.now_ms, spared.family if spared else None)

    def end_family(self, sitting: Sitting) -> None:
        """End every session of one sign-in."""
        for (owner, family, _), each in self.sittings.items():
            if (owner, family) == (sitting.person.id, sitting.family):
                self.end(each)

    def end(self, sitting: Sitting) -> None:
        """End one session."""
        sitting.live, sitting.ended_alone = False, True
        self._refuse(sitting)

    def close_tenant(self, tenant: str) -> None:
        self.tenants[tenant] = False
        for sitting in self.sittings.values():
            if sitting.realm == tenant:
                sitting.live = False
                self._refuse(sitting)
        for service in self.services:
            service.live = service.live and service.tenant != tenant

    def end_everything(self) -> None:
        for sitting in self.sittings.values():
            sitting.live = False
            self._refuse(sitting)
        for service in self.services:
            service.live = False

    def _of(self, person: Person, realm: str) -> list[Sitting]:
        return [one for (owner, _, where), one in self.sittings.items() if (owner, where) == (person.id, realm)]

    def _refuse(self, sitting: Sitting) -> None:
        for token in self.tokens:
            token.live = token.live and token.sitting is not sitting
