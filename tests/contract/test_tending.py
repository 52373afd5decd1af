"""Users of an earlier version are found, and their names forgotten, after the script ran; again, it changes nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import boto3
import pytest

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.finding import entries_of
from doorward.aws.dynamodb.items import email_key, user_key, username_key
from doorward.aws.dynamodb.tending import TendUsers
from doorward.errors import UsernameTaken
from doorward.keys.former_names import FormerNames
from doorward.model import UserRecord
from doorward.rules.finding import Search
from scripts import tend_users
from tests.contract.conftest import NAME_KEY, Stores, on_dynamodb
from tests.support.aws import make_tables, mocked_aws
from tests.support.makers import ACME, membership, record, session, tenant, user


class Earlier:
    """A stack whose users an earlier version stored."""

    def __init__(self, names: dict[str, str]) -> None:
        self.database = BotoDatabase(boto3.client("dynamodb"))
        self.stores: Stores = on_dynamodb(self.database, names)
        self.table = names["UsersTable"]
        self.stores.tenants.add(tenant())
        self.ann = user(username="ann", email="ann@acme.example", display_name="Ann A")
        self.found = UserRecord(self.ann, (membership(self.ann, roles=("auditor",)),))
        self.stores.writer.add(self.found, None)
        for pk, sk in entries_of(self.found):
            self.database.write(actions.delete(self.table, {"pk": pk, "sk": sk}))
        claim = email_key(ACME, "ann@acme.example")
        self.database.write(actions.update(self.table, claim, remove=["listing"]))
        gone = {"user_id": user().id, "home_tenant_id": ACME}
        self.database.write(actions.put(self.table, username_key("gone"), gone))

    def tend(self) -> Counter[str]:
        tables = self.stores.reader.tables  # type: ignore[attr-defined]
        names = FormerNames(lambda: NAME_KEY)
        return TendUsers(self.database, tables, self.stores.reader, self.stores.belongings, names)()

    def finds(self, search: Search) -> bool:
        return bool(self.stores.reader.find(ACME, search, 10, None).records)


@pytest.fixture
def names() -> Any:
    with mocked_aws():
        yield make_tables(boto3.client("dynamodb"))


def test_what_is_missing_is_written_once(names: dict[str, str]) -> None:
    earlier = Earlier(names)
    asked = (Search(name="ann"), Search(name="ann a"), Search(role="auditor"))
    assert not any(map(earlier.finds, asked))
    assert earlier.stores.reader.list_by_address("ann@acme.example") == []
    assert earlier.tend() == {"users": 1, "addresses": 1, "names": 1}
    assert all(map(earlier.finds, asked))
    assert earlier.stores.reader.list_by_address("ann@acme.example") == [(ACME, earlier.ann.id)]
    with pytest.raises(UsernameTaken):
        earlier.stores.writer.add(record(user(username="GONE")), None)
    assert "gone" not in str(list(earlier.database.scan(earlier.table)))
    assert earlier.tend() == {}


def test_a_deletion_that_was_killed_is_finished(names: dict[str, str]) -> None:
    earlier = Earlier(names)
    earlier.tend()
    earlier.stores.sessions.add(session(earlier.ann))
    earlier.stores.writer.remove(earlier.found, ())
    assert earlier.tend() == {"leavers": 1}
    assert earlier.stores.belongings.list_of(earlier.ann.id, (ACME,)).sessions == ()
    assert earlier.database.get((earlier.table, user_key(earlier.ann.id))) is None
    assert earlier.tend() == {}


def test_the_script_says_what_it_did(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Earlier(names)
    stacks = boto3.client("cloudformation")
    resource = {"Topic": {"Type": "AWS::SNS::Topic"}}
    secret = boto3.client("secretsmanager").create_secret(Name=uuid.uuid4().hex, SecretString=NAME_KEY)["ARN"]
    outputs = {name: {"Value": value} for name, value in {**names, "NameSecret": secret}.items()}
    template = str({"Resources": resource, "Outputs": outputs}).replace("'", '"')
    stacks.create_stack(StackName="mine", TemplateBody=template)
    monkeypatch.setattr("sys.argv", ["tend_users.py"])
    assert tend_users.main(["--stack", "other"]) == 1
    assert tend_users.main(["--stack", "mine"]) == 0
    assert tend_users.main(["--stack", "mine"]) == 0
    *_, first, second = capsys.readouterr().out.splitlines()
    assert (first, second) == ("1 addresses, 1 names, 1 users", "everything was in order")
