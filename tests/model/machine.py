"""The state machine: what every rule needs, and what must hold after every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.model.doors import Answer, Doors, Seen
from tests.model.page import PLATFORM, Cookie, Page, Person, Place, Renewal, Sitting, Token
from tests.model.people import is_young
from tests.model.sittings import Expected, sign_in, token_of
from tests.support.tally import count

T = TypeVar("T")
STEP_MS = 7
KEPT = 24  # of each kind: the oldest ones are forgotten
JUMPS = (1_000, 9_001, 31_013, 301_017, 907_019, 3_611_023, 46_807_027)


class Machine(RuleBasedStateMachine):
    """Asks the product and the page the same, and holds both to the same answer."""

    open_doors: ClassVar[Callable[[], Doors]]

    def __init__(self) -> None:
        super().__init__()
        self.doors = type(self).open_doors()
        self.steps = self.judged = self.made = 0
        self.page = Page(tenants={"acme": True, "globex": True})
        self.page.now_ms = self.doors.advance(0)
        self.admin = self._first("admin", {}, platform=True)
        for tenant in self.page.tenants:
            self._first(f"{tenant}-admin", {tenant: Place(("admin",))})
        self._shared("eve")

    def _shared(self, name: str) -> None:
        """Make somebody who is in both tenants: most of what can go wrong goes wrong between two."""
        by, address, password = self.platform().text, f"{name}@both.example", f"the words of {name} alone"
        body = {"username": name, "password": password, "email": address, "tenant_id": "acme", "roles": ("user",)}
        person = Person(self.doors.create_user(by, body).id, name, password, {}, self.page.now_ms, address=address)
        self.page.people.append(person)
        self.hold("ok", self.doors.assign(by, person.id, "globex", ("user",)))
        person.places = {tenant: Place(("user",)) for tenant in self.page.tenants}

    def _first(self, name: str, places: dict[str, Place], *, platform: bool = False) -> Person:
        """Put somebody on the page who is there from the beginning."""
        address = None if platform else f"admin@{next(iter(places))}.example"
        person = Person("", name, "admin123", places, self.page.now_ms, platform=platform, address=address)
        self.page.people.append(person)
        token = self.sign_in_as(person)
        seen = self.doors.judge(token.text)
        assert seen is not None
        person.id = token.sitting.person.id = seen.user_id
        self.page.sittings = {(one.person.id, one.family, one.realm): one for one in self.page.sittings.values()}
        return person

    def teardown(self) -> None:
        count("steps of the state machine", self.steps)
        count("tokens judged", self.judged)

    # What rules use

    def tick(self, ms: int = STEP_MS) -> None:
        """Let some time pass: no two steps are at one moment."""
        self.steps += 1
        self.page.now_ms = self.doors.advance(ms)

    def fresh(self) -> int:
        """Return a number that was not used before."""
        self.made += 1
        return self.made

    def sign_in_as(self, person: Person) -> Token:
        self.page.now_ms = self.doors.advance(STEP_MS)
        expected = sign_in(self.page, person, person.home, person.password)
        self.note(expected, self.doors.sign_in(person.name, person.password, None, by_address=False))
        return self.page.tokens[-1]

    def platform(self) -> Token:
        """Return a young token of the platform's administrator."""
        mine = (token for token in self.page.tokens if token.sitting.person is self.admin)
        young = (
            one for one in mine if self.page.accepts(one) and is_young(self.page, one, 600) and not one.restriction()
        )
        return next(young, None) or self.sign_in_as(self.admin)

    def caller(self, data: st.DataObject) -> Token:
        """Return somebody's living token, half of the time the platform's."""
        living = [token for token in self.page.tokens if self.page.accepts(token)]
        if not living or data.draw(st.booleans(), "by the platform"):
            return self.platform()
        return pick(data, living, "by")

    def person(self, data: st.DataObject) -> Person:
        """Return somebody who is, or was, there."""
        return pick(data, [one for one in self.page.people if not one.platform], "whom")

    def hold(self, expected: str, answer: Answer) -> None:
        """Hold an answer to what was expected."""
        assert answer.code == expected, f"answered {answer.code}, expected {expected}"

    def note(self, expected: Expected, answer: Answer) -> None:
        """Hold an answer to what was expected, and put down the tokens that came with it."""
        self.hold(expected.code, answer)
        sitting = expected.sitting
        if sitting is None:
            assert not answer.access
            return
        sitting.family = sitting.family or answer.family
        assert sitting.family == answer.family
        self.page.sittings[sitting.person.id, sitting.family, sitting.realm] = sitting
        keep(self.page.tokens, token_of(self.page, answer.access, sitting))
        if sitting.person.platform and self.page.cookies:
            return  # the platform signs in again and again; one session of it is enough
        if answer.refresh:
            self._note_renewal(answer.refresh, sitting)
        if answer.cookie:
            keep(self.page.cookies, Cookie(answer.cookie, sitting))

    def _note_renewal(self, text: str, sitting: Sitting) -> None:
        same = [one for one in self.page.renewals if (one.sitting, one.generation) == (sitting, sitting.generation)]
        assert all(one.text == text for one in same), "two successors of one refresh token"
        assert same or all(one.text != text for one in self.page.renewals), "a refresh token comes back"
        if not same:
            keep(self.page.renewals, Renewal(text, sitting, sitting.generation))

    # What always holds

    @rule(ms=st.sampled_from(JUMPS))
    def wait(self, ms: int) -> None:
        self.tick(ms)

    @invariant()
    def every_access_token_is_accepted_exactly_as_the_page_says(self) -> None:
        for token in self.page.tokens:
            sitting = token.sitting
            roles = frozenset(self.page.roles(sitting.person, sitting.realm) or ())
            expected = Seen(sitting.person.id, sitting.realm, roles, token.restriction())
            self._agree(self.doors.judge(token.text), expected if self.page.accepts(token) else None, token)
        for service in self.page.services:
            expected = Seen(f"service:{service.name}", service.tenant, frozenset({"service"}), None)
            self._agree(self.doors.judge(service.text), expected if self.page.accepts(service) else None, service)

    @invariant()
    def every_cookie_is_accepted_exactly_as_the_page_says(self) -> None:
        for cookie in self.page.cookies:
            sitting, person = cookie.sitting, cookie.sitting.person
            restriction = "second_factor_required" if self.page.lacks_factor(sitting) else None
            restriction = "password_change_required" if person.must_change else restriction
            roles = frozenset(self.page.roles(person, sitting.realm) or ())
            expected = Seen(person.id, sitting.realm, roles, restriction)
            accepted = self.page.accepts_cookie(cookie)
            self._agree(self.doors.judge_cookie(cookie.text), expected if accepted else None, cookie)

    @invariant()
    def a_refresh_token_is_active_exactly_while_it_is_the_newest_of_a_living_session(self) -> None:
        if self.page.renewals:
            found = self.doors.are_active(self.platform().text, [one.text for one in self.page.renewals])
            for renewal, active in zip(self.page.renewals, found, strict=True):
                self._agree(active, self.page.is_newest(renewal), renewal)

    @invariant()
    def every_tenant_keeps_an_administrator_or_lost_it_to_another_tenant(self) -> None:
        for tenant in self.page.tenants:
            assert self.page.administrators(tenant) or tenant in self.page.abandoned

    def _agree(self, found: Any, expected: Any, what: object) -> None:
        self.judged += 1
        assert found == expected, f"{what}: found {found}, expected {expected}"


def pick(data: st.DataObject, choices: Sequence[T], label: str) -> T:
    """Draw one of several, the newest first."""
    return data.draw(st.sampled_from(choices[::-1]), label)


def keep(kept: list[T], one: T) -> None:
    """Put something down, and forget the oldest."""
    kept.append(one)
    del kept[:-KEPT]


__all__ = ["PLATFORM", "Machine", "keep", "pick"]
