"""What secrets promise: nobody overwrites what he has not seen."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from doorward.aws.endpoints import Endpoint
from doorward.aws.secrets import SecretsManager
from doorward.aws.signed_secrets import SignedSecrets
from doorward.errors import Conflict, Unavailable
from doorward.keys.stores import Secret, SecretStore
from tests.support import fakes
from tests.support.aws import REGION, MotoConnections, mocked_aws, signed_service


@pytest.fixture(params=["memory", "moto"])
def secrets(request: pytest.FixtureRequest) -> Iterator[SecretStore]:
    if request.param == "memory":
        yield fakes.MemorySecrets(fakes.World())
        return
    with mocked_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="keys")
        yield SecretsManager(client)


def test_a_secret_without_a_value_is_empty(secrets: SecretStore) -> None:
    assert secrets.get("keys") == Secret()


def test_what_is_written_is_read(secrets: SecretStore) -> None:
    secrets.change("keys", "one", Secret())
    for text in ("two", "three", "four"):
        secrets.change("keys", text, secrets.get("keys"))
        assert secrets.get("keys").text == text


def test_the_functions_own_client_reads_what_boto3_wrote() -> None:
    with mocked_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="keys")
        endpoint = Endpoint("secretsmanager", REGION, f"https://secretsmanager.{REGION}.amazonaws.com")
        wrote = SecretsManager(client)
        read = SignedSecrets(signed_service("secretsmanager", MotoConnections(endpoint)))
        assert read.get("keys") == read.get("nothing") == Secret()
        for text in ("one", "zwei ü", "3"):
            wrote.change("keys", text, read.get("keys"))
            assert read.get("keys") == wrote.get("keys")
            assert read.get("keys").text == text


def test_who_has_not_seen_the_present_text_does_not_replace_it(secrets: SecretStore) -> None:
    secrets.change("keys", "one", Secret())
    one = secrets.get("keys")
    with pytest.raises(Conflict):
        secrets.change("keys", "other", Secret())
    secrets.change("keys", "two", one)
    for stale in (one, Secret()):
        with pytest.raises(Conflict):
            secrets.change("keys", "three", stale)
    assert secrets.get("keys").text == "two"


def test_an_answer_that_is_none_is_unavailability() -> None:
    client = boto3.client(
        "secretsmanager",
        "us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        endpoint_url="http://127.0.0.1:1",
    )
    for call in (
        lambda: SecretsManager(client).get("keys"),
        lambda: SecretsManager(client).change("keys", "", Secret()),
    ):
        with pytest.raises(Unavailable):
            call()
