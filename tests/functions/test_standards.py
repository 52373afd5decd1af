"""What other people's software expects of an authorization server, by the documents that say so."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any
from urllib.parse import urlencode

import boto3
import jwt
import pytest
from openapi_spec_validator import validate

from doorward.aws.feed_bucket import FeedBucket
from doorward.errors import InvalidToken
from doorward.keys.signing import PrivateKeys
from doorward.verifier import Verifier
from tests.support.deployment import ISSUER, Deployment, event, openapi
from tests.support.forgeries import Forger
from tests.support.people import PASSWORD, bearer
from tests.support.template import resources
from tools.openapi.document import document

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KINDS = ("access_token", "refresh_token")
HINTED = tuple(itertools.product(KINDS, (*KINDS, "pineapple")))


def _introspect(deployment: Deployment, token: str, caller: str = "acme-admin", **form: str) -> dict[str, Any]:
    body = urlencode({"token": token, **form})
    context = deployment.context(caller)
    answer = deployment.call("introspect", "POST", "/auth/token/introspect", body, context=context, headers=FORM)
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer["json"]
    return found


class TestIntrospection:
    @pytest.mark.standard("RFC 7662 2.1.a", "RFC 7662 2.2.a", "RFC 7662 4.c")
    def test_a_live_access_token_is_described(self, deployment: Deployment) -> None:
        pair = deployment.sign_in("acme-admin")["json"]
        found = _introspect(
            deployment, pair["access_token"], token_type_hint="access_token", client_id="rs", resource="x"
        )
        claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
        assert found["active"] is True
        assert found["token_type"] == "Bearer"
        for name in ("iss", "aud", "sub", "user_id", "tenant_id", "roles", "client_id", "sid", "jti", "iat", "exp"):
            assert found[name] == claims[name], name

    @pytest.mark.standard("RFC 7662 2.1.b")
    def test_a_token_is_found_whatever_the_hint_says(self, deployment: Deployment) -> None:
        pair = deployment.sign_in("acme-admin")["json"]
        for kind, hint in HINTED:
            assert _introspect(deployment, pair[kind], token_type_hint=hint)["active"] is True

    @pytest.mark.standard("RFC 7662 2.2.b", "RFC 7662 4.a")
    def test_a_live_refresh_token_is_described_until_it_is_rotated(self, deployment: Deployment) -> None:
        token = deployment.sign_in("acme-admin")["json"]["refresh_token"]
        found = _introspect(deployment, token)
        assert (found["active"], found["sub"], found["tenant_id"]) == (True, "acme-admin", "acme")
        assert "jti" not in found
        assert "token_type" not in found
        deployment.call("refresh", "POST", "/auth/refresh", {"refresh_token": token})
        assert _introspect(deployment, token) == {"active": False}

    @pytest.mark.standard(
        "RFC 7662 2.1.d", "RFC 7662 2.2.b", "RFC 7662 2.2.c", "RFC 7662 2.3.c", "RFC 7662 4.a", "RFC 7662 4.b"
    )
    def test_what_is_dead_strange_or_anothers_is_inactive_and_nothing_more(self, deployment: Deployment) -> None:
        pair = deployment.sign_in("globex-admin")["json"]
        for token in (pair["access_token"], pair["refresh_token"], "x", "a.b.c", "dwr1.x", "é" * 100):
            assert _introspect(deployment, token) == {"active": False}
        assert _introspect(deployment, pair["access_token"], "admin")["active"] is True
        mine = deployment.sign_in("acme-admin")["json"]
        deployment.call("revoke", "POST", "/auth/token/revoke", {"token": mine["refresh_token"]})
        for token in (mine["access_token"], mine["refresh_token"]):
            assert _introspect(deployment, token) == {"active": False}

    @pytest.mark.standard("RFC 7662 2.1.c", "RFC 7662 4.b")
    def test_a_service_asks_for_its_tenant_and_a_user_not_at_all(self, deployment: Deployment) -> None:
        admin = deployment.context("acme-admin")
        path = "/api/acme/auth/service-tokens"
        minted = deployment.call("service_tokens", "POST", path, {"name": "rs"}, context=admin)["json"]["access_token"]
        service = deployment.authorize(bearer(minted)).context
        for token, active in ((minted, True), (deployment.token("globex-admin"), False)):
            body = {"token": token}
            answer = deployment.call("introspect", "POST", "/auth/token/introspect", body, context=service)
            assert answer["json"]["active"] is active
        body = {"username": "kim", "password": PASSWORD}
        deployment.call("users", "POST", "/users", body, context=admin)
        user = deployment.context("kim@acme", PASSWORD)
        refused = deployment.call("introspect", "POST", "/auth/token/introspect", {"token": minted}, context=user)
        assert (refused["statusCode"], refused["json"]["code"]) == (403, "insufficient_scope")
        assert "insufficient_scope" in refused["headers"]["WWW-Authenticate"]

    def test_a_token_good_only_for_changing_the_password_is_inactive(self, deployment: Deployment) -> None:
        admin = deployment.context("acme-admin")
        body = {"username": "new", "password": PASSWORD, "password_change_required": True}
        deployment.call("users", "POST", "/users", body, context=admin)
        token = deployment.token("new@acme", PASSWORD)
        assert _introspect(deployment, token) == {"active": False}


class TestRevocation:
    @pytest.mark.standard("RFC 7009 2.1.a", "RFC 7009 2.1.b", "RFC 7009 2.2.a", "RFC 7009 2.2.b")
    def test_a_token_is_found_whatever_the_hint_says(self, deployment: Deployment) -> None:
        for kind, hint in HINTED:
            pair = deployment.sign_in("acme-admin")["json"]
            assert deployment.authorize(bearer(pair["access_token"])).allowed
            assert self.revoke(deployment, token=pair[kind], token_type_hint=hint) == (200, "")
            assert not deployment.authorize(bearer(pair["access_token"])).allowed

    @pytest.mark.standard("RFC 7009 2.2.a")
    def test_what_is_no_token_gets_the_same_answer(self, deployment: Deployment) -> None:
        for text in ("x", "a.b.c", "dwr1.x", "é"):
            assert self.revoke(deployment, token=text) == (200, "")

    @pytest.mark.standard("RFC 7009 2.2.1.a")
    def test_a_bad_request_is_refused_in_the_form_of_oauth(self, deployment: Deployment) -> None:
        for form in ("token_type_hint=access_token", "token=a&token=b", ""):
            answer = deployment.call("revoke", "POST", "/auth/token/revoke", form, headers=FORM)
            assert (answer["statusCode"], answer["json"]["error"]) == (400, "invalid_request")
            assert answer["headers"]["Content-Type"] == "application/json"

    def revoke(self, deployment: Deployment, **form: str) -> tuple[int, str]:
        answer = deployment.call("revoke", "POST", "/auth/token/revoke", urlencode(form), headers=FORM)
        return answer["statusCode"], answer["body"]


@pytest.mark.standard("RFC 9700 4.13.a")
def test_a_header_does_not_change_from_where_somebody_tries(deployment: Deployment) -> None:
    body, statuses = {"username": "acme-admin", "password": "wrong"}, []
    for number in range(12):
        address = f"198.51.100.{number}"
        headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}", "X-Real-IP": address}
        statuses.append(deployment.call("login", "POST", "/auth/login", body, headers=headers)["statusCode"])
    assert statuses == [401] * 10 + [429] * 2


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "authorization_code", "x", ""])
def test_another_grant_is_told_so_before_anything_is_missed(deployment: Deployment, grant_type: str) -> None:
    for body, headers in (
        (urlencode({"grant_type": grant_type, "scope": "x"}), FORM),
        (json.dumps({"grant_type": grant_type}), {}),
    ):
        answer = deployment.call("refresh", "POST", "/auth/token/refresh", body, headers=headers)
        assert answer["statusCode"] == 400
        assert answer["headers"]["Content-Type"] == "application/json"
        if grant_type or not headers:  # an empty parameter of a form is an absent one
            assert answer["json"]["error"] == "unsupported_grant_type"


class TestClients:
    def log_in(self, deployment: Deployment, client_id: str | None) -> dict[str, Any]:
        body = {"username": "acme-admin", "password": "admin123", **({"client_id": client_id} if client_id else {})}
        found: dict[str, Any] = deployment.call("login", "POST", "/auth/login", body)["json"]
        return found

    def test_a_client_id_is_carried_into_every_token_of_the_session(self, deployment: Deployment) -> None:
        pair = self.log_in(deployment, "my-app")
        form = urlencode({"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "client_id": "my-app"})
        again = deployment.call("refresh", "POST", "/auth/token/refresh", form, headers=FORM)["json"]
        for token in (pair["access_token"], again["access_token"]):
            assert jwt.decode(token, options={"verify_signature": False})["client_id"] == "my-app"

    @pytest.mark.standard("RFC 9068 5.a", "RFC 9700 2.6.b")
    def test_a_users_client_cannot_be_called_like_a_service(self, deployment: Deployment) -> None:
        for client_id in ("service:ci", "SERVICE:ci"):
            body = {"username": "acme-admin", "password": "admin123", "client_id": client_id}
            assert deployment.call("login", "POST", "/auth/login", body)["statusCode"] == 400

    def test_another_client_does_not_refresh_and_does_no_harm(self, deployment: Deployment) -> None:
        pair = self.log_in(deployment, "my-app")
        for extra in ({}, {"tenant_id": "globex"}, {"tenant_id": "acme"}):
            body = {"refresh_token": pair["refresh_token"], "client_id": "other", **extra}
            answer = deployment.call("refresh", "POST", "/auth/refresh", body)
            assert (answer["statusCode"], answer["json"]["error"]) == (400, "invalid_grant")
        body = {"refresh_token": pair["refresh_token"]}
        assert deployment.call("refresh", "POST", "/auth/refresh", body)["statusCode"] == 200

    def test_a_session_of_nobody_in_particular_is_refreshed_by_whoever_has_the_token(
        self, deployment: Deployment
    ) -> None:
        body = {"refresh_token": self.log_in(deployment, None)["refresh_token"], "client_id": "library"}
        assert deployment.call("refresh", "POST", "/auth/refresh", body)["statusCode"] == 200


FEED = "/.well-known/revocations"
PUBLIC = [path for path in openapi()["paths"] if path.startswith("/.well-known/") and not path.startswith(FEED)]


class TestPublicDocuments:
    @pytest.fixture(autouse=True)
    def _passkeys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PASSKEY_RP_ID", "id.example")

    @pytest.mark.parametrize("path", PUBLIC)
    def test_they_are_cached_and_asked_for_again_by_their_etag(self, deployment: Deployment, path: str) -> None:
        first = deployment.call("well_known", "GET", path)
        etag = first["headers"]["ETag"]
        assert first["headers"]["Cache-Control"] == "public, max-age=300"
        assert etag.startswith('"')
        for seen in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = deployment.call("well_known", "GET", path, headers={"If-None-Match": seen})
            assert (again["statusCode"], again["body"]) == (304, "")
            assert again["headers"]["ETag"] == etag
        assert deployment.raw("well_known", _get(path, {"if-none-match": '"other"'}))["statusCode"] == 200

    def test_a_rotation_changes_the_etag_of_the_keys(self, deployment: Deployment) -> None:
        path = "/.well-known/jwks.json"
        first = deployment.call("well_known", "GET", path)
        deployment.raw("rotate_keys", {"command": "revoke", "kid": first["json"]["keys"][0]["kid"]})
        deployment._modules.pop("well_known")
        second = deployment.call("well_known", "GET", path, headers={"If-None-Match": first["headers"]["ETag"]})
        assert second["statusCode"] == 200
        assert first["json"]["keys"][0] not in second["json"]["keys"]

    @pytest.mark.parametrize("path", PUBLIC)
    def test_head_is_get_for_the_curious(self, deployment: Deployment, path: str) -> None:
        assert deployment.raw("well_known", _get(path, {}, "HEAD"))["statusCode"] == 200
        refused = deployment.call("well_known", "POST", path)
        assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "GET, HEAD")


def _get(path: str, headers: dict[str, str], method: str = "GET") -> dict[str, Any]:
    return {"httpMethod": method, "path": path, "resource": path, "headers": headers, "requestContext": {}}


class TestOpenApi:
    def test_the_document_is_valid_openapi(self) -> None:
        validate(openapi())

    def test_it_is_what_the_code_says(self) -> None:
        made = document(openapi()["info"]["version"])
        assert made == openapi(), "run: make openapi"

    def test_the_gateways_own_refusals_are_described_where_they_can_come(self) -> None:
        refusals = resources("AWS::Serverless::Api")["Api"]["Properties"]["GatewayResponses"]
        for path, item in openapi()["paths"].items():
            for method, operation in ((name, one) for name, one in item.items() if name != "parameters"):
                names = ["UNAUTHORIZED", "ACCESS_DENIED"] if operation["security"] and path != "/auth/logout" else []
                names += ["REQUEST_TOO_LARGE"] if "requestBody" in operation else []
                for refusal in map(refusals.get, names):
                    shown = operation["responses"][str(refusal["StatusCode"])]
                    media_type = refusal["ResponseParameters"]["Headers"]["Content-Type"].strip("'")
                    assert media_type in shown["content"], (method, path)
                    code = json.loads(refusal["ResponseTemplates"]["application/json"])["code"]
                    # The authorizer's context names one of these two.
                    codes = ["invalid_token", "missing_credentials"] if code.startswith("$context.") else [code]
                    assert all(f"`{each}`" in shown["description"] for each in codes), (method, path)

    def test_a_form_may_say_more_than_is_listed_and_json_may_not(self) -> None:
        schemas = openapi()["components"]["schemas"]
        forms = 0
        for item in openapi()["paths"].values():
            for operation in item.values():
                content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
                for media_type, body in content.items():
                    schema = schemas[body["schema"]["$ref"].rpartition("/")[2]]
                    is_form = media_type != "application/json"
                    forms += is_form
                    assert schema.get("additionalProperties", True) is is_form
        assert forms == 5

    def test_it_names_no_schema_that_nobody_uses(self) -> None:
        text = json.dumps(openapi())
        for name in openapi()["components"]["schemas"]:
            assert f'"#/components/schemas/{name}"' in text, name


@pytest.mark.standard("ASVS 7.2.1", "ASVS 8.3.1", "ASVS 9.1.1", "RFC 9068 4.h")
def test_every_forged_token_gets_the_same_denial(deployment: Deployment) -> None:
    pair = deployment.sign_in("acme-admin")["json"]
    kid = jwt.get_unverified_header(pair["access_token"])["kid"]
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SIGNING_SECRET_ID"])["SecretString"]
    jwks = deployment.call("well_known", "GET", "/.well-known/jwks.json")["json"]["keys"]
    jwk = next(key for key in jwks if key["kid"] == kid)
    pem = PrivateKeys.decode(secret).pems[kid]
    forger = Forger(pair["access_token"], pem, jwk, pair["refresh_token"], "dws1.x")
    denials = set()
    for token in forger.all().values():
        sent = event("authorizer_missing")
        sent.update(headers=bearer(token), multiValueHeaders={})
        denials.add(json.dumps(deployment.raw("authorizer", sent)))
    (denial,) = denials
    assert json.loads(denial)["policyDocument"]["Statement"][0]["Effect"] == "Deny"


class TestRevocationFeed:
    def verifier(self, deployment: Deployment) -> Verifier:
        """A verifier that reads this deployment's public documents."""

        def fetch(url: str, etag: str | None) -> tuple[str | None, str | None]:
            path = url.removeprefix(ISSUER)
            if path == FEED:
                deployment.publish()
            name = "revocations" if path.startswith(FEED) else "well_known"
            answer = deployment.raw(name, _get(path, {"If-None-Match": etag} if etag else {}))
            text = answer["body"] if answer["statusCode"] == 200 else None
            return text, answer["multiValueHeaders"].get("ETag", [None])[0]

        return Verifier(ISSUER, interval_seconds=0, fetch=fetch)

    def test_a_verifier_honours_every_kind_of_revocation(self, deployment: Deployment) -> None:
        verifier, admin = self.verifier(deployment), deployment.context("acme-admin")
        sessions = [deployment.sign_in("acme-admin")["json"] for _ in range(4)]
        for session in sessions:
            assert verifier.verify(session["access_token"], tenant_id="acme").username == "acme-admin"
        deployment.call("revoke", "POST", "/auth/token/revoke", {"token": sessions[0]["access_token"]})
        deployment.call("revoke", "POST", "/auth/token/revoke", {"token": sessions[1]["refresh_token"]})
        dead = [self.reason(verifier, session["access_token"]) for session in sessions]
        assert dead == ["token_revoked", "session_ended", None, None]
        path = "/api/acme/auth/service-tokens"
        minted = deployment.call("service_tokens", "POST", path, {"name": "ci"}, context=admin)["json"]
        assert verifier.verify(minted["access_token"])
        deployment.call("service_tokens", "DELETE", f"{path}/{minted['jti']}", context=admin)
        assert self.reason(verifier, minted["access_token"]) == "token_revoked"
        platform = deployment.context("admin")
        deployment.call("tenants", "PATCH", "/tenants/acme", {"status": "disabled"}, context=platform)
        assert self.reason(verifier, sessions[2]["access_token"]) == "tenant_cut_off"
        other = deployment.token("globex-admin")
        kid = jwt.get_unverified_header(other)["kid"]
        deployment.raw("rotate_keys", {"command": "revoke", "kid": kid})
        assert self.reason(verifier, other) in {"key_revoked", "unknown_kid"}

    def reason(self, verifier: Verifier, token: str) -> str | None:
        try:
            verifier.verify(token)
        except InvalidToken as error:
            return error.reason
        return None

    def test_it_is_signed_tagged_and_not_sent_twice(self, deployment: Deployment) -> None:
        first = deployment.call("revocations", "GET", FEED)
        assert first["headers"]["Content-Type"] == "application/jwt"
        assert first["headers"]["Cache-Control"] == "no-cache"
        assert jwt.get_unverified_header(first["body"])["typ"] == "revocations+jwt"
        again = deployment.call("revocations", "GET", FEED, headers={"If-None-Match": first["headers"]["ETag"]})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert deployment.raw("revocations", _get(FEED, {}, "HEAD"))["statusCode"] == 200

    def test_its_parts_are_kept_by_caches_and_named_by_the_head(self, deployment: Deployment) -> None:
        name = "s-" + "B" * 43
        FeedBucket("feed-bucket").put_part(name, "{}\n")
        answer = deployment.call("revocations", "GET", f"{FEED}/parts/{name}")
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["headers"]["Cache-Control"] == "public, max-age=86400, immutable"
        assert answer["body"] == "{}\n"
        for other in ("s-x", "head", "s-" + "A" * 43, f"{name}x"):
            missing = deployment.call("revocations", "GET", f"{FEED}/parts/{other}")
            assert (missing["statusCode"], missing["json"]["code"]) == (404, "not_found")

    def test_an_anonymous_request_reads_neither_table_nor_secret(self, deployment: Deployment) -> None:
        deployment.count()
        deployment.call("revocations", "GET", FEED)
        assert (deployment.count(), deployment.count_secrets()) == ([], 0)

    def test_without_a_head_it_is_unavailable(self, deployment: Deployment) -> None:
        boto3.client("s3").delete_object(Bucket="feed-bucket", Key="head")
        answer = deployment.call("revocations", "GET", FEED)
        assert answer["statusCode"] == 503
        deployment.raw("publish_feed", {})
        assert deployment.call("revocations", "GET", FEED)["statusCode"] == 200
