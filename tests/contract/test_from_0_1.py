"""What version 0.1.0 stored works after scripts/from_0_1.py, and what it revoked stays revoked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import boto3
import pytest

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.from_0_1 import FromVersion01
from doorward.aws.dynamodb.items import Tables, credential_key, session_key, tenant_key, user_key
from doorward.aws.dynamodb.shapes import session_attributes, tenant_attributes, user_attributes
from doorward.errors import NotInitialised
from doorward.model import Epochs, TenantId
from scripts import from_0_1
from tests.contract.conftest import Stores, on_dynamodb
from tests.support.aws import make_tables, mocked_aws
from tests.support.makers import ACME, NOW, session, tenant, user

GLOBEX = TenantId("globex")


class Old:
    """A stack of version 0.1.0: acme, where tokens before epoch 7 are refused, and globex, which is disabled."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names, self.database = names, BotoDatabase(boto3.client("dynamodb"))
        self.stores: Stores = on_dynamodb(self.database, names)
        self.tables = Tables(names["UsersTable"], names["RefreshTokensTable"], names["RevocationsTable"])
        self.upgrade = FromVersion01(self.database, self.tables)
        self.ann = user()
        for one in (tenant(ACME), replace(tenant(GLOBEX), status="disabled")):
            self._put(self.tables.users, tenant_key(one.id), {**tenant_attributes(one), "listing": "tenants"})
        self._put(self.tables.users, user_key(self.ann.id), {**user_attributes(self.ann), "listing": "users"})
        self._put(self.tables.users, credential_key(self.ann.id), {"password_hash": "a hash"})
        self.cut_off(7)
        self.revoke("old-kid")

    def cut_off(self, epoch: int) -> None:
        self._put(self.tables.revocations, {"pk": "tenant#acme"}, {"min_epoch": epoch, "feed": "lasting"})

    def revoke(self, kid: str) -> None:
        self._put(self.tables.revocations, {"pk": "keys"}, {f"kid:{kid}": NOW // 1000 + 900, "feed": "lasting"})

    def _put(self, table: str, key: Mapping[str, str], attributes: Mapping[str, object]) -> None:
        self.database.write(actions.put(table, key, attributes))

    def left(self) -> set[str]:
        return {item["pk"] for items in self.database.scan(self.tables.revocations) for item in items}


@pytest.fixture
def old() -> Iterator[Old]:
    with mocked_aws():
        yield Old(make_tables(boto3.client("dynamodb")))


def test_without_the_script_everybody_is_refused(old: Old) -> None:
    with pytest.raises(NotInitialised):
        old.stores.revocation_reader.get(ACME, old.ann.id)


def test_before_the_deployment_markers_say_what_was_revoked_and_the_old_items_stay(old: Old) -> None:
    items = old.left()
    assert old.upgrade.before() == {"markers": 3}
    found = old.stores.revocation_reader.get(ACME, old.ann.id)
    assert (found.tenant_min_epoch, found.tenant_status, found.revoked_kids) == (7, "active", {"old-kid"})
    assert old.stores.revocation_reader.get(GLOBEX, old.ann.id).tenant_status == "disabled"
    assert items <= old.left()
    assert old.upgrade.before() == {}


def test_what_the_old_functions_revoked_meanwhile_is_brought_over_once(old: Old) -> None:
    old.upgrade.before()
    old.cut_off(9)
    old.revoke("other-kid")
    assert old.upgrade.after(NOW) == {"markers": 2, "listed": 3, "dated": 1}
    found = old.stores.revocation_reader.get(ACME, old.ann.id)
    assert (found.tenant_min_epoch, found.revoked_kids) == (9, {"old-kid", "other-kid"})
    assert not {"keys", "tenant#acme"} & old.left()
    assert old.upgrade.after(NOW) == {}
    assert [one.id for one in old.stores.tenants.list_all(10, None).records] == [ACME, GLOBEX]
    assert [one.user.id for one in old.stores.reader.list_all(10, None).records] == [old.ann.id]


def test_what_this_version_revoked_meanwhile_stays_revoked(old: Old) -> None:
    old.upgrade.before()
    old.stores.key_revocations.cut_off_deployment(NOW)
    acme = old.stores.tenants.get(ACME)
    assert acme is not None
    epochs = old.stores.revocation_reader.get(ACME, old.ann.id)
    old.upgrade.after(NOW)
    found = old.stores.revocation_reader.get(ACME, old.ann.id)
    assert (found.deployment_min_epoch, found.tenant_min_epoch) == (epochs.deployment_min_epoch, 7)
    assert found.deployment_min_epoch > 0


def test_who_must_change_a_password_has_the_time_to_do_so(old: Old) -> None:
    old.upgrade.before()
    assert old.stores.directory.get_admission(ACME, old.ann.id).password_set_at_ms == 0
    old.upgrade.after(NOW)
    old.upgrade.after(NOW + 1)
    assert old.stores.directory.get_admission(ACME, old.ann.id).password_set_at_ms == NOW


def test_a_session_from_before_is_a_session(old: Old) -> None:
    stored = session(old.ann)
    attributes = session_attributes(stored)
    for name in ("deployment_epoch", "links"):
        del attributes[name]
    key = session_key(stored.ref)
    old.database.write(actions.put(old.tables.refresh_tokens, key, attributes))
    old.upgrade.before()
    found = old.stores.sessions.get_admission(stored.ref).session
    assert found is not None
    assert (found.ref, found.epochs, found.links) == (stored.ref, Epochs(0, 0, 0), 0)
    assert old.stores.sessions.end_family(stored.ref, NOW)


def test_the_script_sees_which_of_the_two_is_due(old: Old, capsys: pytest.CaptureFixture[str]) -> None:
    stacks = boto3.client("cloudformation")
    for name, more in (("before", {}), ("after", {"AuditTable": "audit"})):
        tables = {table: old.names[table] for table in ("UsersTable", "RevocationsTable")}
        outputs = {key: {"Value": text} for key, text in {**tables, **more}.items()}
        template = str({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}).replace("'", '"')
        stacks.create_stack(StackName=name, TemplateBody=template)
    assert from_0_1.main(["--stack", "other"]) == 1
    assert from_0_1.main(["--stack", "before"]) == 0
    assert from_0_1.main(["--stack", "after"]) == 0
    assert from_0_1.main(["--stack", "after"]) == 0
    _, before, after, again = (line for line in capsys.readouterr().out.splitlines() if "deploy" not in line)
    assert (before, after, again) == ("3 markers", "1 dated, 3 listed", "everything was in order")
