"""What the template promises: roles, routes, refusals, retention."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest

from doorward.aws.breach_bucket import KEY
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.rules.facts import SHORT_SECONDS
from doorward.rules.lifetimes import MAX_ACCESS_TTL_SECONDS, MAX_TOKEN_LIFE_SECONDS
from doorward.rules.passwords import MIN_LENGTH
from doorward.settings import Settings
from tests.support.template import ROOT, folder_of, resources, routes, template

FUNCTIONS = resources("AWS::Serverless::Function")
PAGES = {name for name in FUNCTIONS if name.endswith("PagesFunction")}
TEXT = (ROOT / "template.yaml").read_text()
PUBLIC = {
    ("POST", "/auth/login"),
    ("POST", "/api/{tenantId}/auth/login"),
    *(
        ("POST", f"{where}/auth/{flow}{step}")
        for where in ("", "/api/{tenantId}")
        for flow in ("sign-up", "email-code", "password-reset")
        for step in ("", "/confirm")
    ),
    ("POST", "/auth/second-factor"),
    ("POST", "/api/{tenantId}/auth/second-factor"),
    ("POST", "/auth/passkey/options"),
    ("POST", "/auth/passkey"),
    ("POST", "/api/{tenantId}/auth/passkey"),
    ("POST", "/auth/verify-email/confirm"),
    ("POST", "/auth/find-tenants"),
    ("POST", "/auth/email-change/confirm"),
    ("POST", "/auth/email-change/undo"),
    ("POST", "/auth/token/refresh"),
    ("POST", "/auth/session/token"),
    ("POST", "/auth/refresh"),
    ("POST", "/api/{tenantId}/auth/refresh"),
    ("POST", "/auth/token/revoke"),
    ("POST", "/auth/invitations/accept"),
    ("POST", "/api/{tenantId}/auth/invitations/accept"),
    ("GET", "/links/{kind}"),
    ("POST", "/links/{kind}"),
    ("GET", "/auth/logout"),
    ("POST", "/auth/logout"),
    ("GET", "/assets/{name}"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/openapi.json"),
    ("GET", "/.well-known/webauthn"),
    ("GET", "/.well-known/revocations"),
    ("GET", "/.well-known/revocations/parts/{name}"),
}


def _statements(name: str) -> list[dict[str, Any]]:
    (policy,) = FUNCTIONS[name]["Properties"]["Policies"]
    # What is there under a condition alone is held to the same rules.
    return [statement["Fn::If"][1] if "Fn::If" in statement else statement for statement in policy["Statement"]]


def _actions(name: str, resource: str) -> set[str]:
    found: set[str] = set()
    for statement in _statements(name):
        if resource in json.dumps(statement["Resource"]):
            actions = statement["Action"]
            found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def test_the_contents_at_the_top_are_those_of_the_file() -> None:
    head, body = TEXT.split("\nAWSTemplateFormatVersion", 1)
    listed = re.findall(r"^#   (?:  )?([A-Z][\w-]*(?: \w+)*)(?:  .*)?$", head.split("\n#\n")[1], re.MULTILINE)
    found = re.findall(r"^(?:  # ---- (.+) -+|(\w+):)$", body, re.MULTILINE)
    assert listed == [section or key for section, key in found if key != "Metadata"]


def test_every_name_is_explained_at_the_top_and_used_again() -> None:
    head, body = TEXT.split("\nAWSTemplateFormatVersion", 1)
    explained = re.findall(r"^#   ([A-Z]\w+(?:, [A-Z]\w+)*)  ", head.split("\n#\n")[-1], re.MULTILINE)
    given = re.findall(r"[ \[]&(\w+)", body)
    assert sorted(", ".join(explained).split(", ")) == sorted(given)
    assert set(re.findall(r"[ \[]\*(\w+)", body)) == set(given)


def test_every_function_folder_is_a_function_of_the_template() -> None:
    folders = {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "app.py").exists()}
    assert folders == {folder_of(name) for name in FUNCTIONS}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_role_has_single_actions_on_single_resources(name: str) -> None:
    for statement in _statements(name):
        assert statement["Effect"] == "Allow"
        # A connection, and a part of the feed, has no name before it is there.
        resource = json.dumps(statement["Resource"]).replace("/@connections/*", "").replace("/parts/*", "")
        assert "*" not in json.dumps(statement["Action"]) + resource


def test_no_function_is_told_to_hash_at_another_cost_than_the_advised() -> None:
    advised = {"ARGON2_MEMORY_KIB": 19_456, "ARGON2_TIME_COST": 2}
    defaults = {name: item.get("Default") for name, item in template().get("Parameters", {}).items()}
    environments = [
        template().get("Globals", {}).get("Function", {}),
        *(item["Properties"] for item in FUNCTIONS.values()),
    ]
    for environment in environments:
        variables = environment.get("Environment", {}).get("Variables", {})
        for name, wanted in advised.items():
            value = variables.get(name, wanted)
            assert int(defaults[value["Ref"]] if isinstance(value, dict) else value) == wanted


def test_the_authorizer_only_reads_and_has_no_secret() -> None:
    actions = {action for statement in _statements("AuthorizerFunction") for action in statement["Action"]}
    assert actions == {"dynamodb:GetItem", "dynamodb:BatchGetItem"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_only_minting_functions_read_private_keys(name: str) -> None:
    assert bool(_actions(name, "SigningSecret")) == (
        name
        in {
            "InvitationsFunction",
            "FactorsFunction",
            "LoginFunction",
            "PagesFunction",
            "FactorPagesFunction",
            "SecondFactorFunction",
            "SecondFactorPagesFunction",
            "SignUpFunction",
            "EmailCodesFunction",
            "RefreshFunction",
            "ChainAuditFunction",
            "PublishFeedFunction",
            "RotateKeysFunction",
            "ServiceTokensFunction",
            "TenantPagesFunction",
        }
    )


def test_who_hands_out_the_feed_can_read_the_bucket_and_nothing_else() -> None:
    assert {action for statement in _statements("RevocationsFunction") for action in statement["Action"]} == {
        "s3:GetObject"
    }
    variables = FUNCTIONS["RevocationsFunction"]["Properties"]["Environment"]["Variables"]
    assert variables == {"FEED_BUCKET": {"Ref": "FeedBucket"}}


def test_the_feeds_bucket_is_private_encrypted_and_forgets_parts_after_their_entries_have_died() -> None:
    bucket = template()["Resources"]["FeedBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert days == {"parts/s-": 2, "parts/l-": 92}
    assert SHORT_SECONDS < 86_400
    assert MAX_TOKEN_LIFE_SECONDS + 2 * 3600 < 92 * 86_400
    (statement,) = template()["Resources"]["FeedBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_a_least_length_is_never_below_the_rules_own() -> None:
    parameter = template()["Parameters"]["PasswordMinLength"]
    assert (parameter["MinValue"], parameter["MaxValue"], parameter["Default"]) == (MIN_LENGTH, 64, MIN_LENGTH)


def test_each_way_to_look_breached_passwords_up_can_be_wired_and_reaches_who_judges() -> None:
    parameter = template()["Parameters"]["BreachedPasswords"]
    assert parameter["Default"] == Settings().breached_passwords
    for way in parameter["AllowedValues"]:
        judge_new_password(Settings(breached_passwords=way, breached_passwords_bucket="breaches"))
    variables = FUNCTIONS["UsersFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["BREACHED_PASSWORDS"] == {"Ref": "BreachedPasswords"}
    assert variables["BREACHED_PASSWORDS_BUCKET"] == {"Fn::If": ["HasBreachBucket", {"Ref": "BreachBucket"}, ""]}
    assert variables["PASSWORD_MIN_LENGTH"] == {"Ref": "PasswordMinLength"}


def test_the_bucket_of_breached_passwords_is_there_on_request_alone_and_private() -> None:
    bucket, policy = (template()["Resources"][name] for name in ("BreachBucket", "BreachBucketPolicy"))
    assert bucket["Condition"] == policy["Condition"] == "HasBreachBucket"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["BucketEncryption"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": False}})


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_who_judges_passwords_reads_one_object_of_the_bucket_and_nobody_else_does(name: str) -> None:
    found = [statement for statement in _statements(name) if "BreachBucket" in json.dumps(statement)]
    if name in {
        "AccountPagesFunction",
        "AccountsByMailFunction",
        "InvitationsFunction",
        "LinksFunction",
        "SignUpFunction",
        "UsersFunction",
    }:
        assert [statement["Action"] for statement in found] == [["s3:GetObject"]]
        assert found[0]["Resource"] == {"Fn::Sub": f"${{BreachBucket.Arn}}/{KEY}"}
        (policy,) = FUNCTIONS[name]["Properties"]["Policies"]
        assert {"Fn::If": ["HasBreachBucket", found[0], {"Ref": "AWS::NoValue"}]} in policy["Statement"]
    else:
        assert not found


def test_the_feed_hears_of_every_change_of_revocations_and_tries_again_for_as_long_as_it_can() -> None:
    stream = FUNCTIONS["PublishFeedFunction"]["Properties"]["Events"]["Revoked"]["Properties"]
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert "MaximumRetryAttempts" not in stream
    assert "MaximumRecordAgeInSeconds" not in stream


_WRITE_USERS = {"UsersFunction", "DemoFunction", "LinksFunction", "AccountPagesFunction", "TenantPagesFunction"}
_WRITE_FACTORS = {
    "SecondFactorFunction": {"dynamodb:PutItem": ["factors#*"]},
    "SecondFactorPagesFunction": {"dynamodb:PutItem": ["factors#*"]},
    "FactorsFunction": {"dynamodb:PutItem": ["factors#*"], "dynamodb:UpdateItem": ["user#*"]},
    "FactorPagesFunction": {"dynamodb:PutItem": ["factors#*"], "dynamodb:UpdateItem": ["user#*"]},
}


def _writes(name: str) -> dict[str, list[str]]:
    """Return the leading keys that a function may write in the table of users, by action."""
    return {
        action: statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for statement in _statements(name)
        if statement["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"}
        for action in statement["Action"]
        if action in {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    }


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_only_the_functions_for_it_write_users(name: str) -> None:
    writes = {action for action in _actions(name, "UsersTable") if not re.search("Get|Query|Check", action)}
    if name in {"LoginFunction", "PagesFunction"}:  # a hash made anew with today's parameters, and nothing else
        assert writes == {"dynamodb:UpdateItem"}
        (statement,) = (
            found
            for found in _statements(name)
            if "dynamodb:UpdateItem" in found["Action"] and "UsersTable" in json.dumps(found)
        )
        assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["credential#*"]}}
    elif name in {"TenantsFunction", "AdminPagesFunction"}:
        # Users leave, alone or with their tenant, so this function deletes hashes; but it neither reads nor writes one.
        allowed = {
            (action, key)
            for found in _statements(name)
            if found["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"}
            for action in found["Action"]
            for key in found["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        }
        assert {action for action, key in allowed if key.startswith("credential")} == {"dynamodb:DeleteItem"}
        factors = {action for action, key in allowed if key.startswith("factors")}
        takes_away = {"dynamodb:BatchGetItem", "dynamodb:PutItem"} if name == "AdminPagesFunction" else set()
        assert factors == {"dynamodb:DeleteItem", *takes_away}
        assert {key for _, key in allowed} - {"factors#*"} == {
            "user#*",
            "tenant#*",
            "credential#*",
            "username#*",
            "former#*",
        }
    elif name == "InvitationsFunction":  # it makes members, and takes nothing away
        assert writes == {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    elif name == "AccountsByMailFunction":
        assert _writes(name) == {
            "dynamodb:PutItem": ["credential#*", "tenant#*"],
            "dynamodb:UpdateItem": ["user#*"],
            "dynamodb:DeleteItem": ["tenant#*"],
        }
    elif name == "SignUpFunction":
        assert writes == {"dynamodb:PutItem"}
    elif name == "MailFeedbackFunction":
        (statement,) = (found for found in _statements(name) if "dynamodb:UpdateItem" in found["Action"])
        assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*"]}}
    elif name not in {*_WRITE_USERS, *_WRITE_FACTORS}:
        assert not writes


@pytest.mark.parametrize("name", _WRITE_FACTORS)
def test_who_proves_factors_writes_factors_and_no_password(name: str) -> None:
    assert _writes(name) == _WRITE_FACTORS[name]


@pytest.mark.parametrize(
    "name",
    sorted({"AuthorizerFunction", "RefreshFunction", "LogoutFunction", "UserSessionsFunction", "TenantPagesFunction"}),
)
def test_who_needs_no_password_hash_cannot_read_one(name: str) -> None:
    for statement in _statements(name):
        if "UsersTable" in json.dumps(statement["Resource"]):
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert not any(key.startswith("credential") for key in keys)


def test_the_pages_of_tenants_write_what_is_of_tenants_alone() -> None:
    kept = {"Fn::GetAtt": "AuditTable.Arn"}
    found = (each for each in _statements("TenantPagesFunction") if each["Resource"] != kept)
    (statement,) = (each for each in found if "dynamodb:PutItem" in each["Action"][:1])
    assert statement["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"}
    assert statement["Action"] == ["dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["tenant#*"]}}


_READS_TRAILS = ("AuditFunction", "TenantPagesFunction")


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"ChainAuditFunction"}))
def test_who_shows_audit_trails_reads_chains_alone_and_nobody_else_reads_any(name: str) -> None:
    keys = {
        action: statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for statement in _statements(name)
        if "AuditTable" in json.dumps(statement["Resource"])
        for action in statement["Action"]
    }
    shows = {"dynamodb:GetItem": ["chain#*"], "dynamodb:Query": ["tenant#*"]} if name in _READS_TRAILS else {}
    assert {action: found for action, found in keys.items() if action != "dynamodb:PutItem"} == shows
    assert keys.get("dynamodb:PutItem") in (None, ["act#*"])
    assert name != "AuditFunction" or set(keys) == set(shows)


def test_administrators_pages_read_no_password_hash_and_begin_no_session() -> None:
    for found in _statements("AdminPagesFunction"):
        if found["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"} and "dynamodb:GetItem" in found["Action"]:
            assert found["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "tenant#*"]}}
    for name, kind in (("AdminPagesFunction", "invitations"), ("TenantPagesFunction", "services")):
        (puts,) = (
            found
            for found in _statements(name)
            if found["Resource"] == {"Fn::GetAtt": "RefreshTokensTable.Arn"} and "dynamodb:PutItem" in found["Action"]
        )
        keys = {"dynamodb:LeadingKeys": [f"tenant#*#{kind}"]}
        assert puts["Condition"] == {"ForAllValues:StringLike": keys}


def test_signing_in_stores_notices_and_reads_no_proofs() -> None:
    assert _actions("LoginFunction", "ProofsTable") == {"dynamodb:PutItem"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_who_mints_users_tokens_asks_the_hook_and_may_call_that_function_alone(name: str) -> None:
    variables = FUNCTIONS[name]["Properties"].get("Environment", {}).get("Variables", {})
    mints = "TOKEN_HOOK_ARN" in variables
    # Who reads private keys and the keys of refresh tokens makes sessions' tokens; rotating keys makes none.
    assert mints == ({"SIGNING_SECRET_ID", "REFRESH_MAC_SECRET_ID", "USERS_TABLE"} <= set(variables))
    policy = template()["Resources"]["TokenHookPolicy"]
    assert (f"{name}Role" in json.dumps(policy["Properties"]["Roles"])) == mints
    assert policy["Condition"] == "HasTokenHook"
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement == {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Ref": "TokenHookArn"}}
    assert "lambda:" not in json.dumps(_statements(name))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_who_mints_access_tokens_knows_how_they_spell_who_and_where(name: str) -> None:
    variables = FUNCTIONS[name]["Properties"].get("Environment", {}).get("Variables", {})
    mints = {"SIGNING_SECRET_ID", "USERS_TABLE"} <= set(variables) and name != "ChainAuditFunction"
    assert ("CLAIM_NAMES" in variables) == mints


def test_the_hook_is_off_denies_by_default_and_takes_three_seconds_at_most() -> None:
    parameters = template()["Parameters"]
    assert (parameters["TokenHookArn"]["Default"], parameters["TokenHookFailure"]["Default"]) == ("", "deny")
    assert (parameters["TokenHookTimeoutMs"]["Default"], parameters["TokenHookTimeoutMs"]["MaxValue"]) == (1000, 3000)
    pattern = parameters["TokenHookArn"]["AllowedPattern"]
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:claims"
    assert all(re.search(pattern, text) for text in ("", arn, f"{arn}:live", f"{arn}:$LATEST"))
    assert not any(re.search(pattern, text) for text in ("*", f"{arn}*", f"{arn}:*", f"{arn}, {arn}", "claims"))


def test_the_pages_behind_links_make_users_and_change_or_delete_no_names() -> None:
    found = [each for each in _statements("LinksFunction") if each["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"}]
    assert [(each["Action"], each.get("Condition")) for each in found] == [
        (["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"], None),
        (["dynamodb:PutItem"], None),
        # A tenant counts its administrators, and somebody may be invited as one.
        (["dynamodb:UpdateItem"], {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "tenant#*"]}}),
        (["dynamodb:DeleteItem"], {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["tenant#*"]}}),
    ]


def test_the_pages_behind_links_can_begin_no_session_and_know_no_key_that_signs() -> None:
    assert _actions("LinksFunction", "SigningSecret") == _actions("LinksFunction", "SigningKeysTable") == set()
    (statement,) = (found for found in _statements("LinksFunction") if "RefreshTokensTable" in json.dumps(found))
    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    keys = {"dynamodb:LeadingKeys": ["tenant#*#invitations"]}
    assert statement["Condition"] == {"ForAllValues:StringLike": keys}
    assert "Condition" not in FUNCTIONS["LinksFunction"]  # administrators hand links over where mail is off


def test_the_pages_of_who_is_signed_in_change_and_remove_users_and_make_none() -> None:
    name = "AccountPagesFunction"
    (reads, *_) = (each for each in _statements(name) if each["Resource"] == {"Fn::GetAtt": "UsersTable.Arn"})
    assert reads["Action"] == ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"]
    assert _writes(name) == {
        "dynamodb:PutItem": ["user#*", "tenant#*", "credential#*", "former#*"],
        "dynamodb:UpdateItem": ["user#*", "tenant#*", "username#*"],
        "dynamodb:DeleteItem": ["user#*", "tenant#*", "credential#*", "factors#*", "username#*"],
    }


def test_the_pages_of_who_is_signed_in_begin_no_session_and_know_no_key_at_all() -> None:
    name = "AccountPagesFunction"
    assert _actions(name, "SigningSecret") == _actions(name, "SigningKeysTable") == set()
    assert "dynamodb:PutItem" not in _actions(name, "RefreshTokensTable")
    assert FUNCTIONS[name]["Condition"] == "HasPages"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_logs_end(name: str) -> None:
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert template()["Resources"][group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.standard("ASVS 6.3.4", "ASVS 8.2.1")
def test_a_route_is_public_only_if_it_is_listed_here() -> None:
    found = [route for route in routes() if route[0] != "ANY" and route[2] not in PAGES]
    assert {(method, path) for method, path, _, public in found if public} == PUBLIC


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_recognise_the_cookie_themselves_and_can_be_left_out(name: str) -> None:
    assert FUNCTIONS[name]["Condition"] == "HasPages"
    found = [route for route in routes() if route[2] == name]
    assert all(public for _, _, _, public in found)
    assert {method for method, _, _, _ in found} <= {"GET", "POST", "ANY"}
    assert not [path for _, path, _, _ in found if path.startswith(("/api", "/auth", "/users", "/tenants"))]


@pytest.mark.standard("ASVS 7.2.1", "ASVS 8.3.1")
def test_every_route_is_of_the_api_with_the_authorizer() -> None:
    # An event that names no API would make SAM a second one, which knows no authorizer.
    events = [event for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()]
    apis = [event["Properties"].get("RestApiId") for event in events if event["Type"] == "Api"]
    assert apis == [{"Ref": "Api"}] * len(routes())


def test_every_path_answers_other_methods() -> None:
    other = {(path, function) for method, path, function, _ in routes() if method == "ANY"}
    assert other == {(path, function) for method, path, function, _ in routes() if method != "ANY"}


def test_what_is_any_is_routed_by_no_function() -> None:
    for method, path, function, public in routes():
        if method == "ANY":
            assert public
            resolver = importlib.import_module(f"functions.{folder_of(function)}.app").app
            assert "ANY" not in {route.method for route in resolver.routes}
            assert path in {other for verb, other, _, _ in routes() if verb != "ANY"}


@pytest.mark.parametrize(
    "name",
    sorted(
        set(FUNCTIONS)
        - {
            "AuthorizerFunction",
            "ChainAuditFunction",
            "CloseSocketsFunction",
            "DeliverWebhooksFunction",
            "MailFeedbackFunction",
            "PublishEventsFunction",
            "PublishFeedFunction",
            "SendMailFunction",
            "RotateKeysFunction",
            "SocketsFunction",
        }
    ),
)
def test_a_functions_routes_are_the_templates(name: str) -> None:
    resolver = importlib.import_module(f"functions.{folder_of(name)}.app").app
    theirs = [route for route in resolver.routes if route.method != "HEAD"]  # HEAD comes by ANY
    mine = [(method, path) for method, path, function, _ in routes() if function == name and method != "ANY"]
    assert len(theirs) == len(mine)
    for method, path in mine:
        sample = re.sub(r"\{\w+\}", "x", path)
        assert any(route.method == method and route.pattern.fullmatch(sample) for route in theirs), (method, path)


def test_the_default_authorizer_is_asked_every_time() -> None:
    auth = template()["Resources"]["Api"]["Properties"]["Auth"]
    assert auth["Authorizers"][auth["DefaultAuthorizer"]]["Identity"] == {"ReauthorizeEvery": 0}
    assert auth["AddDefaultAuthorizerToCorsPreflight"] is False


def test_the_gateways_own_refusals_look_like_the_functions() -> None:
    responses = template()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    for kind, response in responses.items():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Access-Control-Allow-Credentials"] == "'true'"
        assert headers["Content-Type"] == "'application/problem+json'"
        body = json.loads(response["ResponseTemplates"]["application/json"])
        assert body["request_id"] == "$context.requestId"
        assert body["type"].endswith(body["code"])
        assert body.get("status") == response.get("StatusCode"), kind
    assert responses["UNAUTHORIZED"]["ResponseParameters"]["Headers"]["WWW-Authenticate"] == "'Bearer'"


def test_tables_are_protected_and_forget_what_is_over() -> None:
    for name, table in resources("AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        recovery = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert recovery == (name not in {"LoginAttemptsTable", "SocketsTable", "ProofsTable"})
        assert ("TimeToLiveSpecification" in properties) == (
            name not in {"UsersTable", "SigningKeysTable", "NotificationsTable"}
        )


def test_what_is_revoked_is_kept_for_the_longest_lifetime_that_the_template_allows() -> None:
    parameters = template()["Parameters"]
    assert parameters["AccessTokenTtlSeconds"]["MaxValue"] == MAX_ACCESS_TTL_SECONDS
    assert parameters["RefreshTokenTtlSeconds"]["MaxValue"] == MAX_TOKEN_LIFE_SECONDS


def test_guided_deployment_asks_only_what_a_person_decides() -> None:
    parameters = template()["Parameters"]
    assert all("Default" in parameter and parameter["Description"] for parameter in parameters.values())


def test_x_ray_is_off_unless_asked_for_and_then_on_everywhere() -> None:
    # SAM leaves out both the setting and the right to write traces where the parameter says `Disabled`.
    assert template()["Parameters"]["Tracing"]["Default"] == "Disabled"
    assert template()["Globals"]["Function"]["Tracing"] == {"Ref": "Tracing"}
    assert not [name for name, function in FUNCTIONS.items() if "Tracing" in function["Properties"]]
    assert template()["Resources"]["Api"]["Properties"]["TracingEnabled"] == {"Fn::If": ["HasTracing", True, False]}
    assert template()["Conditions"]["HasTracing"] == {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]}


MAIL = {
    name: item
    for name, item in template()["Resources"].items()
    if item["Type"].startswith("AWS::SES::") or ("Mail" in name and not name.endswith("Layer") and "ByMail" not in name)
}


def test_without_a_sender_there_is_nothing_of_mail() -> None:
    assert {item.get("Condition") for item in MAIL.values()} == {"HasMail"}
    assert template()["Conditions"]["HasMail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "MailFrom"}, ""]}]}
    assert template()["Parameters"]["MailFrom"]["Default"] == ""


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_one_function_alone_sends_mails_from_one_identity(name: str) -> None:
    resources_ = [found["Resource"] for found in _statements(name) if "ses:" in json.dumps(found["Action"])]
    if name != "SendMailFunction":
        assert not resources_
        return
    identity, configuration_set = resources_
    assert identity["Fn::Sub"][0].endswith(":identity/${Identity}")
    assert configuration_set["Fn::Sub"].endswith(":configuration-set/${MailConfigurationSet}")


def test_a_mail_is_tried_for_an_hour_and_then_told_to_people() -> None:
    stream = FUNCTIONS["SendMailFunction"]["Properties"]["Events"]["Made"]["Properties"]
    (pattern,) = (json.loads(found["Pattern"]) for found in stream["FilterCriteria"]["Filters"])
    assert pattern == {"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "proof#"}]}}}}
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert (stream["MaximumRetryAttempts"], stream["MaximumRecordAgeInSeconds"]) == (20, 3600)
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": "DeadLetterQueue.Arn"}


def test_links_in_mails_are_not_tracked_and_dead_addresses_not_tried_again() -> None:
    options = template()["Resources"]["MailConfigurationSet"]["Properties"]
    assert "TrackingOptions" not in options
    assert options["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    told = template()["Resources"]["MailEvents"]["Properties"]["EventDestination"]
    assert told["MatchingEventTypes"] == ["bounce", "complaint"]


def test_only_who_makes_or_removes_users_reads_the_key_of_former_names_and_nobody_replaces_it() -> None:
    readers = {name for name in FUNCTIONS if "secretsmanager:GetSecretValue" in _actions(name, "NameSecret")}
    assert readers == {
        "AccountPagesFunction",
        "AdminPagesFunction",
        "UsersFunction",
        "SignUpFunction",
        "InvitationsFunction",
        "LinksFunction",
        "DemoFunction",
        "TenantsFunction",
        "RotateKeysFunction",
        # The keys of second factors are derived from it.
        "FactorsFunction",
        "FactorPagesFunction",
        "SecondFactorFunction",
        "SecondFactorPagesFunction",
        # And so are those of webhooks' secrets.
        "DeliverWebhooksFunction",
        "WebhooksFunction",
    }
    writers = {name for name in FUNCTIONS if "secretsmanager:PutSecretValue" in _actions(name, "NameSecret")}
    assert writers == {"RotateKeysFunction"}  # which makes it where there is none


EVENTS = {
    "EventBus",
    "EventsAlarm",
    "DeliveriesQueue",
    "WebhooksFunction",
    "PublishEventsFunction",
    "DeliverWebhooksFunction",
    "WebhooksLogGroup",
    "PublishEventsLogGroup",
    "DeliverWebhooksLogGroup",
}


def test_events_are_off_and_then_nothing_of_them_is_there_but_the_table_that_keeps_webhooks() -> None:
    assert template()["Parameters"]["EventsEnabled"]["Default"] == "false"
    conditional = {name for name, item in template()["Resources"].items() if item.get("Condition") == "HasEvents"}
    assert conditional == EVENTS
    assert "Condition" not in template()["Resources"]["WebhooksTable"]


def test_the_bus_hears_of_every_record_of_a_chain_and_of_no_act_that_waits() -> None:
    stream = FUNCTIONS["PublishEventsFunction"]["Properties"]["Events"]["Linked"]["Properties"]
    (pattern,) = (json.loads(each["Pattern"]) for each in stream["FilterCriteria"]["Filters"])
    assert pattern == {"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "tenant#"}]}}}}
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    (puts,) = (each for each in _statements("PublishEventsFunction") if each["Action"] == "events:PutEvents")
    assert puts["Condition"] == {"ForAllValues:StringEquals": {"events:source": ["doorward"]}}


def test_one_receiver_that_is_slow_holds_up_no_other() -> None:
    queue = FUNCTIONS["DeliverWebhooksFunction"]["Properties"]["Events"]["Due"]["Properties"]
    assert queue["BatchSize"] == 1
    assert queue["ScalingConfig"]["MaximumConcurrency"] >= 10
    assert queue["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    timeout = FUNCTIONS["DeliverWebhooksFunction"]["Properties"]["Timeout"]
    messages = template()["Resources"]["DeliveriesQueue"]["Properties"]
    assert messages["VisibilityTimeout"] >= 6 * timeout  # as AWS advises
    assert messages["RedrivePolicy"]["maxReceiveCount"] == 5


def test_nothing_tells_a_function_that_it_is_on_the_local_cloud() -> None:
    # `is_local_cloud` asks for AWS_ENDPOINT_URL, which the emulator sets; the template cannot.
    assert "AWS_ENDPOINT_URL" not in TEXT


def test_who_delivers_changes_no_audit_trail_and_reads_no_user() -> None:
    for name in ("PublishEventsFunction", "DeliverWebhooksFunction"):
        assert not _actions(name, "UsersTable")
        assert _actions(name, "AuditTable") <= {"dynamodb:PutItem"}
