"""Both clients of DynamoDB and Secrets Manager, side by side: what they send, and what they make of the answers."""

from __future__ import annotations

import datetime as dt
import json
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from doorward.aws.connections import Connections
from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.client import BotoDatabase
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.signed import SignedDatabase
from doorward.aws.endpoints import Credentials, Endpoint
from doorward.aws.retries import BUSY, LOST, Retries
from doorward.aws.secrets import SecretsManager
from doorward.aws.services import Refused, SignedService
from doorward.aws.signature import Signer
from doorward.aws.signed_secrets import SignedSecrets
from doorward.errors import Unavailable
from doorward.keys.stores import Secret, SecretReader
from tests.support.wire import CLOSE, HANG, Step, Wire, http, patience_seconds, wire

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret", "aws_session_token": "token"}
CREDENTIALS = Credentials("AKID", "secret", "token")


def _once(seconds: float) -> Config:
    retries: Any = {"mode": "standard", "total_max_attempts": 1}
    return Config(connect_timeout=seconds, read_timeout=seconds, retries=retries)


PLACE = ("t", {"pk": "x"})
UPDATE = actions.update("t", {"pk": "x"}, assign={"a": "ü", "n": 7}, when=actions.PRESENT)


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


def _signed(service: str, server: Wire, seconds: float) -> Iterator[SignedService]:
    endpoint = Endpoint(service, "r", server.url)
    connections = Connections(endpoint, read_seconds=seconds)
    yield SignedService(endpoint, lambda: CREDENTIALS, connections=connections)
    connections.close()


@pytest.fixture
def signed(request: pytest.FixtureRequest, server: Wire, pauses: list[float]) -> Iterator[Database]:
    for service in _signed("dynamodb", server, patience_seconds(request)):
        yield SignedDatabase(service, Retries("dynamodb", pauses.append))


@pytest.fixture
def boto(request: pytest.FixtureRequest, server: Wire, pauses: list[float]) -> Iterator[Database]:
    config = _once(patience_seconds(request))
    client = boto3.client("dynamodb", "r", endpoint_url=server.url, config=config, **KEYS)  # type: ignore[call-overload]
    yield BotoDatabase(client, Retries("dynamodb", pauses.append))
    client.close()


@pytest.fixture(params=["signed", "boto"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def test_an_item_is_read_consistently(server: Wire, database: Database) -> None:
    number = 10**37 + 7
    server.script = [
        http(200, {"Item": {"pk": {"S": "x"}, "n": {"N": str(number)}, "b": {"BOOL": False}, "l": {"L": []}}}),
        http(200, {}),
    ]
    assert database.get(PLACE) == {"pk": "x", "n": number, "b": False, "l": []}
    assert database.get(("t", {"pk": "y"})) is None
    assert server.asked[0].operation == "GetItem"
    assert server.asked[0].body == {"TableName": "t", "Key": {"pk": {"S": "x"}}, "ConsistentRead": True}


def test_names_hashes_and_revocations_are_read_consistently_where_they_are_written_too(
    server: Wire, database: Database
) -> None:
    server.script = [http(200, {"Responses": {}, "Items": []})] * 4
    database.get(PLACE)
    database.batch_get([PLACE])
    database.query("t", partition="x", prefix="y", limit=1)
    database.query("t", partition="x", prefix="y", limit=1, index="listing")
    single, batch, page, listed = (asked.body for asked in server.asked)
    assert [single["ConsistentRead"], batch["RequestItems"]["t"]["ConsistentRead"], page["ConsistentRead"]] == [
        True
    ] * 3
    assert "ConsistentRead" not in listed  # an index cannot be read so


def test_one_table_of_several_may_be_read_some_moments_late(server: Wire, database: Database) -> None:
    server.script = [http(200, {"Responses": {}})]
    database.batch_get([PLACE, ("counts", {"pk": "x"})], eventual_table="counts")
    asked = server.asked[0].body["RequestItems"]
    assert {table: each["ConsistentRead"] for table, each in asked.items()} == {"t": True, "counts": False}


LAST = {"pk": {"S": "z"}}
REQUESTS: dict[str, tuple[Callable[[Database], Any], list[Any]]] = {
    "get": (lambda database: database.get(PLACE), [{}]),
    "batch": (
        lambda database: database.batch_get([PLACE, ("u", {"pk": "a", "sk": "ü"})]),
        [{"Responses": {"t": [{"pk": {"S": "x"}}]}, "UnprocessedKeys": {}}],
    ),
    "query": (
        lambda database: database.query("t", partition="x", prefix="", limit=2, after={"pk": "a"}, newest_first=True),
        [{"Items": [{"n": {"N": "-1"}}], "LastEvaluatedKey": LAST}],
    ),
    "query of an index": (
        lambda database: database.query("t", partition="x", prefix="y", limit=2, index="listing"),
        [{"Items": []}],
    ),
    "scan": (
        lambda database: list(database.scan("t")),
        [{"Items": [{"n": {"N": "1"}}], "LastEvaluatedKey": LAST}, {"Items": [{"n": {"N": "2"}}]}],
    ),
    "ends": (lambda database: database.ending_before("t", "ending", "open", 7), [{"Items": []}]),
    "put": (lambda database: database.write(actions.put("t", {"pk": "x"}, {"s": "\ud83d\ude00"})), [{}]),
    "update": (lambda database: database.write(UPDATE), [{"Attributes": {"pk": {"S": "x"}, "n": {"N": "7"}}}]),
    "delete": (lambda database: database.write(actions.delete("t", {"pk": "x"}, when=actions.PRESENT)), [{}]),
    "transaction": (
        lambda database: database.transact([UPDATE, actions.check("t", {"pk": "y"}, when=actions.ABSENT)]),
        [{}],
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_both_clients_send_the_same_and_read_the_same(
    server: Wire, boto: Database, signed: Database, name: str
) -> None:
    run, answers = REQUESTS[name]
    found = []
    for database in (boto, signed):
        server.script = [http(200, answer) for answer in answers]
        server.asked.clear()
        found.append((run(database), [(asked.operation, _comparable(asked.body)) for asked in server.asked]))
    assert found[0] == found[1]


def _comparable(body: dict[str, Any]) -> dict[str, Any]:
    assert 1 <= len(body.get("ClientRequestToken", "x")) <= 36
    return {name: value for name, value in body.items() if name != "ClientRequestToken"}


@given(
    st.sampled_from([("dynamodb", "https://dynamodb.r-1.amazonaws.com"), ("dynamodb", "http://127.0.0.1:8000")])
    | st.just(("secretsmanager", "https://secretsmanager.r-1.amazonaws.com")),
    st.binary(max_size=60),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)),  # noqa: DTZ001 - made one of UTC below
    st.text("abcXYZ019+/=", max_size=30),
)
def test_the_signature_is_botocores(place: tuple[str, str], body: bytes, now: dt.datetime, token: str) -> None:
    (service, url), region = place, "r-1"
    signer = Signer(
        Endpoint(service, region, url),
        lambda: Credentials("AKID", "secret", token),
        lambda: now.replace(tzinfo=dt.UTC).timestamp(),
    )
    ours = signer.sign("A.B", "application/x-amz-json-1.0", body)
    assert signer.sign("A.B", "application/x-amz-json-1.0", body) == ours  # with the key that was kept
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "A.B"}
    request = AWSRequest("POST", url, headers=headers, data=body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda *_: now)
        SigV4Auth(BotoCredentials("AKID", "secret", token or None), service, region).add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert {name: value for name, value in ours.items() if name != "host"} == theirs


def test_the_key_is_made_anew_on_another_day_and_for_other_credentials() -> None:
    now, credentials = [0.0], [CREDENTIALS]
    endpoint = Endpoint("dynamodb", "r", "http://x")
    signer = Signer(endpoint, lambda: credentials[0], lambda: now[0])

    def both() -> list[str]:
        fresh = Signer(endpoint, lambda: credentials[0], lambda: now[0])
        return [each.sign("A.B", "m", b"")["authorization"] for each in (signer, fresh)]

    for seconds, keys in ((0, CREDENTIALS), (86_400, CREDENTIALS), (86_400, Credentials("B", "other", ""))):
        now[0], credentials[0] = seconds, keys
        one, other = both()
        assert one == other


def test_credentials_may_change_while_the_function_lives(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_REGION": "r", "AWS_ENDPOINT_URL": server.url, "AWS_SESSION_TOKEN": "one"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    service = SignedService.from_environment("dynamodb")
    server.script = [http(200, {}), http(200, {})]
    service.call("GetItem", {})
    monkeypatch.setenv("AWS_SESSION_TOKEN", "two")
    service.call("GetItem", {})
    assert [asked.headers["x-amz-security-token"] for asked in server.asked] == ["one", "two"]
    service._connections.close()


def test_a_batch_keeps_the_order_and_asks_again_for_what_was_left_after_a_pause(
    server: Wire, database: Database, pauses: list[float]
) -> None:
    left = {"t": {"Keys": [{"pk": {"S": "b"}}], "ConsistentRead": True}}
    server.script = [
        http(200, {"Responses": {"t": [{"pk": {"S": "c"}}], "u": [{"pk": {"S": "a"}}]}, "UnprocessedKeys": left}),
        http(200, {"Responses": {"t": [{"pk": {"S": "b"}}]}}),
    ]
    places = [("u", {"pk": "a"}), ("t", {"pk": "b"}), ("t", {"pk": "c"}), ("t", {"pk": "d"})]
    assert database.batch_get(places) == [{"pk": "a"}, {"pk": "b"}, {"pk": "c"}, None]
    assert server.asked[1].body["RequestItems"] == left
    assert all(table["ConsistentRead"] for table in server.asked[0].body["RequestItems"].values())
    assert len(pauses) == 1


def test_what_is_never_processed_is_unavailable(server: Wire, database: Database, pauses: list[float]) -> None:
    left = {"t": {"Keys": [{"pk": {"S": "a"}}]}}
    server.script = [http(200, {"Responses": {}, "UnprocessedKeys": left})] * BUSY.tries
    with pytest.raises(Unavailable):
        database.batch_get([("t", {"pk": "a"})])
    assert len(pauses) == BUSY.tries - 1


def refusal(code: str, status: int = 400, **more: Any) -> bytes:
    return http(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m", **more})


def cancelled(*codes: str) -> bytes:
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


PASSING: dict[str, tuple[Step, int]] = {
    "closed": (CLOSE, 3),
    "silence": (HANG, 3),
    "garbage": (b"garbage\r\n\r\n", 3),
    "internal error": (refusal("InternalServerError", 500), 3),
    "a page of a proxy": (http(502, b"<html>"), 3),
    "unavailable": (http(503, {}), 3),
    "throttled": (refusal("ThrottlingException"), 8),
    "throttled by capacity": (refusal("ProvisionedThroughputExceededException"), 8),
    "throttled by the account": (refusal("RequestLimitExceeded"), 8),
    "conflict": (refusal("TransactionConflictException"), 8),
    "in progress": (refusal("TransactionInProgressException"), 8),
    "cancelled by a conflict": (cancelled("None", "TransactionConflict"), 8),
    "cancelled by throttling": (cancelled("ThrottlingError", "None"), 8),
    "cancelled by capacity": (cancelled("None", "ProvisionedThroughputExceeded"), 8),
}
OPERATIONS: list[Callable[[Database], Any]] = [
    lambda database: database.get(PLACE),
    lambda database: database.write(UPDATE),
    lambda database: database.transact([UPDATE, UPDATE]),
]


@pytest.mark.parametrize("run", OPERATIONS, ids=["get", "write", "transact"])
@pytest.mark.parametrize("failure", PASSING)
def test_a_passing_failure_is_tried_again_after_a_pause(
    server: Wire, database: Database, pauses: list[float], failure: str, run: Callable[[Database], Any]
) -> None:
    server.script = [PASSING[failure][0], http(200, {})]
    run(database)
    assert len(server.asked) == 2
    assert server.asked[0].body == server.asked[1].body  # a transaction's token too
    assert [0 <= pause <= 0.01 for pause in pauses] == [True]


@pytest.mark.parametrize("failure", PASSING)
def test_a_lasting_failure_is_unavailable(server: Wire, database: Database, pauses: list[float], failure: str) -> None:
    step, tries = PASSING[failure]
    server.script = [step] * tries
    with pytest.raises(Unavailable):
        database.get(PLACE)
    assert len(server.asked) == tries
    assert len(pauses) == tries - 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ExpiredTokenException"])
def test_a_refusal_that_is_a_fault_of_ours_is_loud_and_not_tried_again(
    server: Wire, database: Database, code: str
) -> None:
    server.script = [refusal(code)]
    with pytest.raises((Refused, ClientError)) as caught:
        database.get(PLACE)
    assert code in str(caught.value)
    assert len(server.asked) == 1


def test_a_failed_condition_tells_the_item_that_did_not_meet_it(server: Wire, database: Database) -> None:
    server.script = [refusal("ConditionalCheckFailedException", Item={"n": {"N": "3"}})]
    with pytest.raises(ConditionFailed) as caught:
        database.write(UPDATE)
    assert caught.value.item == {"n": 3}
    assert server.asked[0].body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_a_cancelled_transaction_tells_which_conditions_failed(server: Wire, database: Database) -> None:
    server.script = [cancelled("TransactionConflict", "ConditionalCheckFailed", "None", "ConditionalCheckFailed")]
    with pytest.raises(ConditionFailed) as caught:
        database.transact([UPDATE])
    assert caught.value.failed == (1, 3)
    assert caught.value.item is None


def test_a_transaction_that_can_never_pass_is_loud(server: Wire, database: Database) -> None:
    server.script = [cancelled("ValidationError")]
    with pytest.raises((Refused, ClientError)):
        database.transact([UPDATE])


def test_an_answer_that_was_changed_on_its_way_is_lost(server: Wire, signed: Database) -> None:
    content = json.dumps({"Item": {"pk": {"S": "x"}}}).encode()
    right = f"x-amz-crc32: {zlib.crc32(content)}"
    server.script = [http(200, content, "x-amz-crc32: 1"), http(200, content, right)]
    assert signed.get(PLACE) == {"pk": "x"}
    assert len(server.asked) == 2


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"Item": ', b"\xff"])
def test_a_success_that_is_no_json_object_is_lost(server: Wire, signed: Database, content: bytes) -> None:
    server.script = [http(200, content), http(200, {})]
    assert signed.get(PLACE) is None
    assert len(server.asked) == 2


def test_no_error_shows_what_was_sent_or_stored(server: Wire, database: Database) -> None:
    server.script = [refusal("ValidationException", Item={"a": {"S": "stored"}})]
    with pytest.raises((Refused, ClientError)) as caught:
        database.write(actions.put("t", {"pk": "sent"}, {}))
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    shown = " ".join(line for error in chain if error for line in traceback.format_exception_only(error))
    assert "ValidationException" in shown
    assert not any(word in shown for word in ("sent", "stored", "secret", "token"))


def test_nobody_there_is_unavailable_within_moments() -> None:
    endpoint = Endpoint("dynamodb", "r", "http://127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        SignedDatabase(SignedService(endpoint, lambda: CREDENTIALS)).get(PLACE)
    assert caught.value.reason == "dynamodb:ConnectionRefusedError"
    assert time.monotonic() - began < 10


@pytest.fixture(params=["signed", "boto"])
def secrets(request: pytest.FixtureRequest, server: Wire, pauses: list[float]) -> Iterator[SecretReader]:
    if request.param == "signed":
        for service in _signed("secretsmanager", server, patience_seconds(request)):
            yield SignedSecrets(service, Retries("secretsmanager", pauses.append))
        return
    config = _once(patience_seconds(request))
    client = boto3.client("secretsmanager", "r", endpoint_url=server.url, config=config, **KEYS)  # type: ignore[call-overload]
    yield SecretsManager(client)
    client.close()


def test_a_secret_is_read_as_it_is_now(server: Wire, secrets: SecretReader) -> None:
    server.script = [http(200, {"SecretString": "s", "VersionId": "v"})]
    assert secrets.get("id") == Secret("s", "v")
    assert server.asked[0].headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert server.asked[0].headers["content-type"] == "application/x-amz-json-1.1"
    assert server.asked[0].body == {"SecretId": "id", "VersionStage": "AWSCURRENT"}


def test_a_secret_that_is_not_there_is_empty(server: Wire, secrets: SecretReader) -> None:
    server.script = [http(400, {"__type": "ResourceNotFoundException", "Message": "m"})]
    assert secrets.get("id") == Secret()


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure", "InvalidRequestException"])
def test_a_secret_that_is_refused_is_unavailable(server: Wire, secrets: SecretReader, code: str) -> None:
    server.script = [http(400, {"__type": code})]
    with pytest.raises(Unavailable) as caught:
        secrets.get("id")
    assert caught.value.reason == f"secretsmanager:{code}"


@pytest.mark.parametrize(
    ("step", "tries"),
    [
        (CLOSE, LOST.tries),
        (http(500, {"__type": "InternalServiceError"}), LOST.tries),
        (http(400, {"__type": "ThrottlingException"}), BUSY.tries),
    ],
)
def test_a_secret_is_asked_for_again(server: Wire, pauses: list[float], step: Step, tries: int) -> None:
    for service in _signed("secretsmanager", server, 20.0):
        reads = SignedSecrets(service, Retries("secretsmanager", pauses.append))
        server.script = [step, http(200, {"SecretString": "s", "VersionId": "v"}), *[step] * tries]
        assert reads.get("id").text == "s"
        with pytest.raises(Unavailable):
            reads.get("id")
        assert server.script == []
        assert len(pauses) == tries
