"""What the template promises at the gateway: challenges, headers, origins, what is logged and who is told."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.template import ROOT, folder_of, resources, template

API = template()["Resources"]["Api"]["Properties"]
RESPONSES = API["GatewayResponses"]
PARAMETERS = template()["Parameters"]
ALARMS = resources("AWS::CloudWatch::Alarm")
FILTERS = resources("AWS::Logs::MetricFilter")


def _headers(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = RESPONSES[kind]["ResponseParameters"]["Headers"]
    return found


def test_a_denial_says_what_the_authorizer_says() -> None:
    assert _headers("ACCESS_DENIED")["WWW-Authenticate"] == "context.authorizer.challenge"
    body = json.loads(RESPONSES["ACCESS_DENIED"]["ResponseTemplates"]["application/json"])
    assert (body["code"], body["detail"]) == ("$context.authorizer.code", "$context.authorizer.detail")
    assert body["type"] == "urn:doorward:problem:$context.authorizer.code"


@pytest.mark.standard("RFC 9700 2.6.c")
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_refusal_of_the_gateway_has_the_headers_that_all_answers_have(
    kind: str,
) -> None:
    from http import HTTPStatus

    from doorward.api import answers

    answer = answers.respond(HTTPStatus.OK, "", "application/json", {})
    safe = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    assert safe.keys() == {"Strict-Transport-Security", "X-Content-Type-Options"}
    assert {name: _headers(kind)[name] for name in safe} == {name: f"'{value}'" for name, value in safe.items()}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("", True),
        ("https://app.example.com", True),
        ("https://app.example.com:8443", True),
        ("http://localhost:3000", True),
        ("http://127.0.0.1", True),
        ("http://app.example.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127x0x0x1", False),
        ("https://*.example.com", False),
        ("https://app.example.com/", False),
        ("https://a' 'b", False),
        ("*", False),
    ],
)
def test_a_page_with_credentials_is_encrypted_unless_it_is_on_this_machine(origin: str, *, allowed: bool) -> None:
    pattern = PARAMETERS["AllowedOrigin"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origin)) == bool(re.search(pattern, origin)) == allowed
    pattern = PARAMETERS["AllowedOrigins"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origin)) == bool(re.search(pattern, origin)) == allowed
    assert bool(re.fullmatch(pattern, f"https://a.example,{origin}")) == (allowed and bool(origin))
    assert bool(re.fullmatch(pattern, f"{origin},https://a.example")) == (allowed and bool(origin))


def test_the_apis_own_url_can_be_switched_off() -> None:
    assert PARAMETERS["DisableExecuteApiEndpoint"]["Default"] == "false"
    assert API["DisableExecuteApiEndpoint"] == {"Fn::If": ["AtDomainAlone", True, False]}


def test_the_gateway_answers_no_preflight_itself_for_it_would_leave_headers_out() -> None:
    assert "Cors" not in API


class TestAccessLog:
    setting: Any = API["AccessLogSetting"]["Fn::If"][1]

    def test_it_says_who_called_what_and_how_it_ended(self) -> None:
        line = json.loads(self.setting["Format"])
        assert line["request_id"] == "$context.requestId"
        assert line["source"] == "$context.identity.sourceIp"
        assert set(line) >= {"user_agent", "method", "route", "status", "latency_ms"}
        assert set(line) >= {"authorizer_error", "integration_error"}
        assert "\n" not in self.setting["Format"]

    @pytest.mark.standard("RFC 9700 4.9.3.a")
    def test_it_says_no_query_no_header_and_no_token(self) -> None:
        used = set(re.findall(r"\$([\w.]+)", self.setting["Format"]))
        assert all(name.startswith("context.") for name in used)
        # $context.path holds what was sent; resourcePath is the route's own name.
        assert not {name for name in used if re.search(r"query|header|token|\.path$|claims", name, re.IGNORECASE)}

    def test_it_is_on_unless_switched_off_and_kept_as_long_as_other_logs(self) -> None:
        assert PARAMETERS["AccessLogs"]["Default"] == "true"
        group = template()["Resources"]["GatewayLogGroup"]
        assert self.setting["DestinationArn"] == {"Fn::GetAtt": "GatewayLogGroup.Arn"}
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}

    def test_the_accounts_role_is_set_before_the_log_and_stays_when_the_stack_goes(self) -> None:
        account = template()["Resources"]["GatewayAccount"]
        role = template()["Resources"]["GatewayLogRole"]
        assert account["Condition"] == role["Condition"] == "SetsLogRole"
        assert account["DeletionPolicy"] == role["DeletionPolicy"] == "Retain"
        assert "GatewayAccount" in json.dumps(template()["Resources"]["GatewayLogGroup"]["Properties"]["Tags"])


class TestAlarms:
    @pytest.mark.parametrize("name", ALARMS)
    def test_somebody_can_be_told_of_every_alarm(self, name: str) -> None:
        assert ALARMS[name]["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]

    def test_who_gave_an_address_is_told_and_nobody_else(self) -> None:
        (subscription,) = resources("AWS::SNS::Subscription").values()
        assert (subscription["Condition"], PARAMETERS["AlarmEmail"]["Default"]) == ("HasAlarmEmail", "")
        assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}

    @pytest.mark.parametrize("event", ["sign_in_failed", "sign_in_throttled", "refresh_token_reused"])
    def test_an_event_is_counted_where_it_is_logged_and_has_an_alarm(self, event: str) -> None:
        (metric,) = (
            found["Properties"] for found in FILTERS.values() if f'"{event}"' in found["Properties"]["FilterPattern"]
        )
        (transformation,) = metric["MetricTransformations"]
        (alarm,) = (
            found["Properties"]
            for found in ALARMS.values()
            if found["Properties"]["MetricName"] == transformation["MetricName"]
        )
        assert alarm["Namespace"] == transformation["MetricNamespace"]
        function = metric["LogGroupName"]["Ref"].replace("LogGroup", "Function")
        module = importlib.import_module(f"functions.{folder_of(function)}.app")
        room = {name.partition(".")[2] for name in _imports(module) if name.startswith("doorward.sessions.")}
        texts = [(ROOT / "layers/shared/doorward/sessions" / f"{_last(name)}.py").read_text() for name in room]
        assert any(f'"{event}"' in text for text in texts)

    @pytest.mark.parametrize("name", FILTERS)
    def test_a_pattern_matches_an_audit_line_as_lambda_writes_it(self, name: str) -> None:
        # The runtime's JSON formatter puts the members of `extra` beside the message; `record` has one, `audit`.
        matched = re.fullmatch(r'\{ \$\.audit\.event = "(\w+)" \}', FILTERS[name]["Properties"]["FilterPattern"])
        assert matched is not None
        assert matched[1] == FILTERS[name]["Properties"]["MetricTransformations"][0]["MetricName"]

    def test_a_rotation_that_did_not_run_is_an_alarm(self) -> None:
        missed = ALARMS["KeyRotationMissedAlarm"]["Properties"]
        assert missed["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "RotateKeysFunction"}}]
        assert (missed["MetricName"], missed["ComparisonOperator"]) == ("Invocations", "LessThanThreshold")
        assert (missed["Threshold"], missed["TreatMissingData"]) == (1, "breaching")

    def test_what_nobody_waits_for_is_not_lost_when_it_fails(self) -> None:
        queue = {"Type": "SQS", "TargetArn": {"Fn::GetAtt": "DeadLetterQueue.Arn"}}
        for name, function in resources("AWS::Serverless::Function").items():
            kinds = {event["Type"] for event in function["Properties"].get("Events", {}).values()}
            assert (function["Properties"].get("DeadLetterQueue") == queue) == bool(
                kinds & {"Schedule", "EventBridgeRule"}
            ), name
        dead = ALARMS["DeadLettersAlarm"]["Properties"]
        assert dead["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": "DeadLetterQueue.QueueName"}}]


@pytest.mark.parametrize("kind", ["AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"])
def test_keys_and_the_audit_trail_outlive_the_stack(kind: str) -> None:
    for name, item in resources(kind).items():
        assert (item["DeletionPolicy"], item["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


@pytest.mark.parametrize("name", ["DemoFunction", "NotificationsFunction"])
def test_a_deployment_without_the_demo_has_no_function_and_no_role_of_it(name: str) -> None:
    # SAM gives a function's condition to its role, its permissions and its paths.
    assert resources("AWS::Serverless::Function")[name]["Condition"] == "HasDemo"
    assert PARAMETERS["DemoEnabled"]["Default"] == "false"


def _imports(module: Any) -> set[str]:
    return set(re.findall(r"^from (doorward\.\S+) import", Path(module.__file__).read_text(), re.MULTILINE))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def test_floods_of_what_is_public_leave_the_other_routes_their_limits() -> None:
    settings = template()["Resources"]["Api"]["Properties"]["MethodSettings"]
    limits = {(each["HttpMethod"], each["ResourcePath"]): each["ThrottlingRateLimit"] for each in settings}
    whole = limits.pop(("*", "/*"))
    assert set(limits) == {
        ("POST", "/~1auth~1login"),
        ("POST", "/~1api~1{tenantId}~1auth~1login"),
        ("POST", "/~1auth~1invitations~1accept"),
        ("POST", "/~1api~1{tenantId}~1auth~1invitations~1accept"),
        ("GET", "/~1.well-known~1revocations"),
        ("GET", "/~1.well-known~1revocations~1parts~1{name}"),
    }
    assert all(limit < whole for limit in limits.values())


def test_concurrency_is_reserved_and_a_firewall_attached_only_where_a_deployment_asks() -> None:
    login = template()["Resources"]["LoginFunction"]["Properties"]
    # A new account has too little concurrency to reserve any, and its deployment must not fail.
    assert PARAMETERS["LoginReservedConcurrency"]["Default"] == 0
    assert login["ReservedConcurrentExecutions"] == {
        "Fn::If": ["ReservesLogins", {"Ref": "LoginReservedConcurrency"}, {"Ref": "AWS::NoValue"}]
    }
    assert PARAMETERS["WafRateLimit"]["Default"] == 0
    for name in ("WebAcl", "WebAclAssociation"):
        assert template()["Resources"][name]["Condition"] == "HasWaf"
