"""Users leave, are deleted and exported, and tenants are deleted in steps."""

from __future__ import annotations

from typing import Any

import pytest

from doorward.accounts.remove_tenant import MAX_USERS
from doorward.api.cursors import list_name, mint_cursor, read_cursor
from doorward.errors import (
    Conflict,
    InsufficientScope,
    InvalidCredentials,
    InvalidCursor,
    InvalidRequest,
    InvalidToken,
    LastAdmin,
    NotFound,
    NotInitialised,
    OwnAccount,
    TenantActive,
    TenantTaken,
    TooManyAttempts,
    Unavailable,
    UsernameTaken,
    WrongPassword,
)
from doorward.keys.former_names import FormerNames, ensure_name_key
from doorward.model import PLATFORM, UserId
from doorward.rules.finding import Search
from tests.support.fakes import MemorySecrets, World
from tests.support.people import PASSWORD
from tests.support.world import ACME, GLOBEX, House, new_user


@pytest.fixture
def house() -> House:
    return House()


class TestFinding:
    @pytest.mark.parametrize(
        "texts",
        [
            ("no address", None, None, None),
            ("a@" + "b" * 260, None, None, None),
            (None, "  ", None, None),
            (None, "x" * 129, None, None),
            (None, None, "No Role", None),
            (None, None, None, "gone"),
        ],
    )
    def test_what_nothing_can_be_is_refused(self, texts: tuple[str | None, ...]) -> None:
        with pytest.raises(InvalidRequest):
            Search.of_texts(*texts)

    def test_a_tenants_administrator_finds_in_the_own_tenant_alone(self, house: House) -> None:
        house.add_user("mia@acme", email="mia@people.example")
        house.add_user("mia@globex", GLOBEX, email="mia@people.example")
        admin, search = house.caller("acme-admin"), Search(email="mia@people.example")
        (found,) = house.look_up.many(admin, ACME, 10, None, search).users
        assert found.user.username == "mia@acme"
        with pytest.raises(InsufficientScope):
            house.look_up.many(admin, GLOBEX, 10, None, search)
        with pytest.raises(InvalidRequest):
            house.look_up.many(house.caller(), PLATFORM, 10, None, search)

    def test_a_cursor_of_one_question_is_refused_with_another(self) -> None:
        key, ann = bytes(32), list_name("acme", Search(name="ann"))
        cursor = mint_cursor(key, ann, "place")
        assert read_cursor(key, ann, cursor) == "place"
        for other in (Search(), Search(name="anna"), Search(email="ann"), Search(name="ann", role="user")):
            with pytest.raises(InvalidCursor):
                read_cursor(key, list_name("acme", other), cursor)
        with pytest.raises(InvalidCursor):
            read_cursor(key, list_name("globex", Search(name="ann")), cursor)


class TestLeaving:
    def test_a_user_leaves_with_the_password_and_without_a_trace(self, house: House) -> None:
        bob = house.add_user("bob", email="bob@people.example")
        for password, error in ((None, InvalidRequest), ("wrong", WrongPassword)):
            with pytest.raises(error):
                house.delete_user(bob, "me", password)
        pair = house.sign_in("bob", PASSWORD).tokens
        house.delete_user(bob, bob.user_id, PASSWORD)
        with pytest.raises(InvalidToken):
            house.principal(pair)
        with pytest.raises(InvalidCredentials):
            house.sign_in("bob", PASSWORD)
        assert bob.user_id not in {ref.user_id for ref in house.world.sessions}
        assert "bob" not in house.world.usernames
        with pytest.raises(UsernameTaken):
            house.create_user(house.caller(), new_user(username="BOB", tenant_id=ACME))
        (notice,) = house.world.proofs.values()
        assert (notice.kind, notice.address, notice.user_id) == ("account_deleted", "bob@people.example", bob.user_id)

    def test_wrong_passwords_of_who_leaves_are_counted(self, house: House) -> None:
        bob = house.add_user("bob")
        refused = []
        for _ in range(30):
            with pytest.raises((WrongPassword, TooManyAttempts)) as caught:
                house.delete_user(bob, "me", "wrong")
            refused.append(caught.type)
        assert refused[-1] is TooManyAttempts

    def test_the_last_administrator_stays_and_one_of_two_leaves(self, house: House) -> None:
        with pytest.raises(LastAdmin):
            house.delete_user(house.caller("acme-admin"), "me", "admin123")
        second = house.add_user("second", roles=("admin",))
        house.delete_user(house.caller("acme-admin"), "me", "admin123")
        with pytest.raises(LastAdmin):
            house.delete_user(second, "me", PASSWORD)

    def test_an_administrator_of_the_platform_does_not_leave(self, house: House) -> None:
        with pytest.raises(OwnAccount):
            house.delete_user(house.caller(), "me", "admin123")

    def test_a_deletion_that_was_killed_is_finished_by_repeating_it(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bob = house.add_user("bob")
        admin, erase = house.caller("acme-admin"), house.belongings.erase

        def fail(_: UserId) -> None:
            raise Unavailable

        monkeypatch.setattr(house.belongings, "erase", fail)
        with pytest.raises(Unavailable):
            house.delete_user(admin, bob.user_id)
        monkeypatch.setattr(house.belongings, "erase", erase)
        assert bob.user_id in {ref.user_id for ref in house.world.sessions}
        for stranger, error in (("globex-admin", NotFound), ("carl", InsufficientScope)):
            caller = house.add_user("carl") if stranger == "carl" else house.caller(stranger)
            with pytest.raises(error):
                house.delete_user(caller, bob.user_id)
        assert house.world.leaving
        house.delete_user(admin, bob.user_id)
        assert bob.user_id not in {ref.user_id for ref in house.world.sessions}
        with pytest.raises(NotFound):
            house.delete_user(admin, bob.user_id)


class TestExport:
    def test_who_may_sees_all_that_is_held_and_no_secret(self, house: House) -> None:
        bob = house.add_user("bob", email="bob@people.example")
        for caller in (bob, house.caller("acme-admin"), house.caller()):
            exported = house.export(caller, bob.user_id)
            assert exported.visible.user.email == "bob@people.example"
            assert [session.ref.session_id for session in exported.belongings.sessions] == [bob.session_id]
        assert house.export(bob, "me").visible.user.id == bob.user_id

    def test_nobody_else_does(self, house: House) -> None:
        bob, carl = house.add_user("bob"), house.add_user("carl")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        with pytest.raises(InsufficientScope):
            house.export(carl, bob.user_id)
        with pytest.raises(InsufficientScope):
            house.export(house.caller("globex-admin"), bob.user_id)  # a guest there
        with pytest.raises(NotFound):
            house.export(house.caller("globex-admin"), carl.user_id)

    def test_a_tenants_administrator_sees_nothing_of_other_tenants(self, house: House) -> None:
        bob = house.add_user("bob")
        house.assign.put(house.caller(), bob.user_id, GLOBEX, ("user",))
        there = house.sign_in("bob", PASSWORD, tenant_id=GLOBEX)
        assert house.principal(there.tokens).tenant_id == GLOBEX
        seen = house.export(house.caller("acme-admin"), bob.user_id)
        assert {session.ref.tenant_id for session in seen.belongings.sessions} == {ACME}
        assert [member.tenant_id for member in seen.visible.memberships] == [ACME]
        assert len(house.export(house.caller(), bob.user_id).belongings.sessions) == 2


class TestDeletingATenant:
    def _disable(self, house: House) -> None:
        house.tenants.change(house.caller(), ACME, {"status": "disabled"})

    def test_only_the_platform_deletes_a_tenant_and_only_a_disabled_one(self, house: House) -> None:
        for name in ("acme-admin", "globex-admin"):
            with pytest.raises(InsufficientScope):
                house.remove_tenant(house.caller(name), ACME)
        with pytest.raises(TenantActive):
            house.remove_tenant(house.caller(), ACME)
        for nobody in ("none", PLATFORM):
            with pytest.raises(NotFound):
                house.remove_tenant(house.caller(), nobody)  # type: ignore[arg-type]

    def test_its_users_go_and_those_of_others_stay(self, house: House) -> None:
        bob, carl = house.add_user("bob"), house.add_user("carl")
        house.assign.put(house.caller(), carl.user_id, GLOBEX, ("user",))
        tokens = house.sign_in("bob", PASSWORD).tokens
        self._disable(house)
        with pytest.raises(InvalidToken):
            house.principal(tokens)
        assert house.remove_tenant(house.caller(), ACME) is None
        assert bob.user_id not in house.world.users
        assert house.world.users[carl.user_id].tenant_ids == (GLOBEX,)
        assert {ref.tenant_id for ref in house.world.sessions} <= {GLOBEX, PLATFORM}
        with pytest.raises(InvalidToken):
            house.principal(tokens)
        house.sign_in("carl", PASSWORD)
        with pytest.raises(NotFound):
            house.remove_tenant(house.caller(), ACME)
        with pytest.raises(TenantTaken):
            house.tenants.create(house.caller(), ACME, None)

    def test_a_deletion_that_began_is_not_taken_back(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._disable(house)
        monkeypatch.setattr(house.belongings, "erase_tenant", lambda _: "service_tokens")
        assert house.remove_tenant(house.caller(), ACME) == "service_tokens"
        assert house.tenants.one(house.caller(), ACME).deletion_began_at_ms is not None
        with pytest.raises(Conflict):
            house.tenants.change(house.caller(), ACME, {"status": "active"})
        with pytest.raises(NotFound):
            house.create_user(house.caller(), new_user(username="new", tenant_id=ACME))

    def test_one_call_removes_a_bounded_number_of_users(self, house: House) -> None:
        for number in range(MAX_USERS + 1):
            house.create_user(house.caller(), new_user(username=f"user{number}", tenant_id=ACME))
        self._disable(house)
        assert house.remove_tenant(house.caller(), ACME) == "users"
        left = [user for user in house.world.users.values() if user.tenant_ids == (ACME,)]
        assert len(left) == 2  # acme-admin besides
        assert house.remove_tenant(house.caller(), ACME) is None

    def test_it_takes_no_longer_than_it_may(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(3):
            house.create_user(house.caller(), new_user(username=f"user{number}", tenant_id=ACME))
        self._disable(house)
        caller, remove = house.caller(), house.users.remove

        def slowly(*values: Any, **rest: Any) -> None:
            house.clock.advance(3)
            remove(*values, **rest)

        monkeypatch.setattr(house.users, "remove", slowly)
        assert house.remove_tenant(caller, ACME) == "users"
        assert len([user for user in house.world.users.values() if user.tenant_ids == (ACME,)]) == 2

    def test_a_user_whom_somebody_changes_is_left_to_the_next_call(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._disable(house)
        caller, remove = house.caller(), house.users.remove

        def conflict(*_: Any, **__: Any) -> None:
            raise Conflict

        monkeypatch.setattr(house.users, "remove", conflict)
        assert house.remove_tenant(caller, ACME) == "users"
        monkeypatch.setattr(house.users, "remove", remove)
        assert house.remove_tenant(caller, ACME) is None


class TestTheKeyOfFormerNames:
    def test_it_is_made_once_and_never_replaced(self) -> None:
        secrets = MemorySecrets(World())
        for _ in range(2):
            ensure_name_key(secrets, "names")
        text = secrets.get("names").text
        ensure_name_key(secrets, "names")
        assert secrets.get("names").text == text
        assert secrets.get("names").version == "1"

    def test_without_it_no_name_is_judged(self) -> None:
        with pytest.raises(NotInitialised):
            FormerNames(lambda: None)("bob")

    def test_two_names_and_two_keys_have_different_macs(self) -> None:
        def under(number: int) -> FormerNames:
            return FormerNames(lambda: f'{{"key": "{"AB"[number]}{"A" * 42}="}}')

        assert under(0)("bob") == under(0)("bob")
        assert len({under(0)("bob"), under(0)("bobs"), under(1)("bob")}) == 3
