"""The rules of users, roles, tenants and their administrators."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import people, proofs
from tests.model.ending_rules import ROLES
from tests.model.machine import Machine, pick
from tests.model.page import PLATFORM, Person, Place, Service
from tests.model.session_rules import TENANTS

NAMES = st.sampled_from(["ann", "bob", "cyd"])
ADDRESSES = st.sampled_from([f"{name}@people.example" for name in ("ann", "bob", "cyd")])


class PeopleRules(Machine):
    @rule(data=st.data(), name=NAMES, address=st.none() | ADDRESSES, tenant=TENANTS, roles=ROLES)
    def create_user(self, data: st.DataObject, name: str, address: str | None, tenant: str, roles: Any) -> None:
        self.tick()
        by = self.caller(data)
        full = name if by.sitting.person.platform else f"{name}@{tenant}"
        password = f"plain words number {self.fresh()}"
        body = {"username": name, "password": password, "email": address, "tenant_id": tenant, "roles": roles}
        expected = people.create(self.page, by, full, address, tenant)
        answer = self.doors.create_user(by.text, body)
        self.hold(expected, answer)
        if expected == "ok":
            person = Person(answer.id, full, password, {tenant: Place(roles)}, self.page.now_ms, address=address)
            person.address_by = None if by.sitting.person.platform or address is None else tenant
            self.page.people.append(person)

    @rule(data=st.data())
    def delete_user(self, data: st.DataObject) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        if by.sitting.person is not person:
            expected = people.delete(self.page, by, person)
            self.hold(expected, self.doors.delete_user(by.text, person.id))

    @rule(data=st.data(), tenant=TENANTS, roles=ROLES)
    def assign(self, data: st.DataObject, tenant: str, roles: Any) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = people.assign(self.page, by, person, tenant, roles)
        self.hold(expected, self.doors.assign(by.text, person.id, tenant, roles))

    @rule(data=st.data(), tenant=TENANTS)
    def unassign(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        by, person = self.caller(data), self.person(data)
        expected = people.unassign(self.page, by, person, tenant)
        self.hold(expected, self.doors.unassign(by.text, person.id, tenant))

    @rule(data=st.data())
    def look_around(self, data: st.DataObject) -> None:
        """Nobody sees users of a tenant that is not theirs."""
        self.tick()
        by, person = self.caller(data), self.person(data)
        code = people.refusal_to_see(self.page, by, person) or "ok"
        self.hold(code, self.doors.get_user(by.text, person.id))
        listed, realm = self.doors.list_users(by.text), by.sitting.realm
        if by.restriction() or not people.is_admin(self.page, by, realm):
            assert listed.code == by.restriction() or listed.code == "insufficient_scope"
            return
        seen = [one.id for one in self.page.people if not one.gone and (realm == PLATFORM or realm in one.places)]
        assert sorted(listed.ids) == sorted(seen)

    @rule(data=st.data(), tenant=TENANTS, seconds=st.sampled_from([60, 3600, 86_400]))
    def mint_a_service_token(self, data: st.DataObject, tenant: str, seconds: int) -> None:
        self.tick()
        by, name = self.caller(data), f"robot{self.fresh() % 3}"
        expected = proofs.mint_service(self.page, by, tenant)
        answer = self.doors.mint_service(by.text, tenant, name, seconds)
        self.hold(expected, answer)
        if expected == "ok":
            ends_s = self.page.now_ms // 1000 + seconds
            self.page.services.append(Service(answer.secret, answer.id, name, tenant, ends_s))

    @precondition(lambda self: self.page.services)
    @rule(data=st.data(), tenant=TENANTS)
    def revoke_a_service_token(self, data: st.DataObject, tenant: str) -> None:
        self.tick()
        by, service = self.caller(data), pick(data, self.page.services, "service token")
        allowed = proofs.refusal_to_administer(self.page, by, tenant) or "ok"
        expected = "not_found" if allowed == "ok" and service.tenant != tenant else allowed
        self.hold(expected, self.doors.revoke_service(by.text, tenant, service.id))
        service.live = service.live and expected != "ok"
