"""Add to the stack what the emulator's CloudFormation leaves out, with the emulator's own API.

From the body of a REST API, ministack 1.5.33 imports no ANY methods, no mock responses (for CORS preflights) and no
gateway responses. It also ignores the TTL of a table. For HTTP APIs see `local.http_apis`. The policy of a bucket that
asks for TLS is taken away, because the emulator has none. The sender of mails is made an
identity. AWS needs none of this, but for the identity, which no stack makes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.http_apis import fix_http_api

Template = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
ANY = "x-amazon-apigateway-any-method"
NO_VALUE = "AWS::NoValue"


class Stack:
    """A deployed stack: its processed template, and a method that resolves the template's references."""

    def __init__(self, name: str) -> None:
        """Read the stack from the emulator."""
        cloudformation = boto3.client("cloudformation")
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        self._parameters = {item["ParameterKey"]: item["ParameterValue"] for item in described.get("Parameters", [])}
        resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        self.physical_ids = {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in resources}
        body: Any = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
        self._template: Template = json.loads(body) if isinstance(body, str) else body
        pages = cloudformation.get_paginator("list_exports").paginate()
        self._exports = {item["Name"]: item["Value"] for page in pages for item in page["Exports"]}

    def resources(self, kind: str) -> list[tuple[str, Template]]:
        """Return the physical id and the resolved properties of each resource of a type."""
        return [
            (self.physical_ids[name], self.resolve(resource.get("Properties", {})))
            for name, resource in self._template["Resources"].items()
            if resource["Type"] == kind and self.physical_ids.get(name)
        ]

    def parameter(self, name: str) -> str:
        """Return the value of a parameter; empty if the stack has no such parameter."""
        return self._parameters.get(name, "")

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a template value with Ref, Fn::If, Fn::ImportValue and the functions of texts replaced.

        Other functions stay as they are, and members without a value are left out.
        """
        if isinstance(value, list):
            return [self.resolve(element) for element in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            known: dict[str, Callable[[Any], Any]] = {
                "Ref": self._reference,
                "Fn::If": lambda found: self.resolve(found[1] if self._condition(found[0]) else found[2]),
                "Fn::ImportValue": lambda found: self._exports[self.resolve(found)],
                "Fn::Sub": self._substitute,
                "Fn::Join": lambda found: found[0].join(self.resolve(found[1])),
                "Fn::Select": lambda found: self.resolve(found[1])[int(found[0])],
                "Fn::Split": lambda found: self.resolve(found[1]).split(found[0]),
            }
            if name in known:
                return known[name](argument)
        members = {name: self.resolve(element) for name, element in value.items()}
        return {name: member for name, member in members.items() if member != NO_VALUE}

    def _substitute(self, argument: Any) -> str:  # noqa: ANN401 - JSON
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        named = self.resolve(variables)
        # The emulator finds a function by its name too, so the name can replace the ARN.
        return re.sub(
            r"\$\{([^}.]+)(?:\.Arn)?\}",
            lambda match: str(named.get(match.group(1)) or self._reference(match.group(1))),
            text,
        )

    def _reference(self, name: str) -> Any:  # noqa: ANN401 - JSON
        default = self._template.get("Parameters", {}).get(name, {}).get("Default", name)
        return self._parameters.get(name) or self.physical_ids.get(name) or default

    def _condition(self, condition: Any) -> bool:  # noqa: ANN401 - JSON
        if isinstance(condition, str):
            return self._condition(self._template["Conditions"][condition])
        ((name, arguments),) = condition.items()
        if name == "Fn::Not":
            return not self._condition(arguments[0])
        first, second = self.resolve(arguments)
        return bool(first == second)


def fix(name: str) -> Stack:
    """Complete a stack in the emulator.

    Repeating this changes nothing.
    """
    stack = Stack(name)
    for api_id, properties in stack.resources("AWS::ApiGateway::RestApi"):
        _fix_api(api_id, properties["Body"])
    for api_id, properties in stack.resources("AWS::ApiGatewayV2::Api"):
        if "Body" in properties:  # a WebSocket API has no body
            fix_http_api(api_id, properties["Body"])
    for table, properties in stack.resources("AWS::DynamoDB::Table"):
        _fix_table(table, properties)
    for bucket, _ in stack.resources("AWS::S3::Bucket"):
        boto3.client("s3").delete_bucket_policy(
            Bucket=bucket
        )  # it refuses plain http, and the emulator speaks nothing else
    _verify_sender(stack.parameter("MailFrom"))
    return stack


def _verify_sender(address: str) -> None:
    """Make the sender's domain an identity: on AWS, people do that once."""
    domain, mails = address.rpartition("@")[2], boto3.client("sesv2")
    if domain and domain not in {found["IdentityName"] for found in mails.list_email_identities()["EmailIdentities"]}:
        mails.create_email_identity(EmailIdentity=domain)


def _fix_api(api_id: str, body: Template) -> None:
    gateway = boto3.client("apigateway")
    _put_methods(gateway, api_id, body)
    _put_gateway_responses(gateway, api_id, body)
    deployment_id = gateway.create_deployment(restApiId=api_id)["id"]
    change: Any = {"op": "replace", "path": "/deploymentId", "value": deployment_id}
    for stage in gateway.get_stages(restApiId=api_id)["item"]:
        gateway.update_stage(restApiId=api_id, stageName=stage["stageName"], patchOperations=[change])


def _put_methods(gateway: Any, api_id: str, body: Template) -> None:  # noqa: ANN401 - boto3
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id)
    resource_ids = {resource["path"]: resource["id"] for page in pages for resource in page["items"]}
    for path, operations in body["paths"].items():
        place = {"restApiId": api_id, "resourceId": resource_ids[path]}
        if "options" in operations:
            _put_mock(gateway, place, operations["options"]["x-amazon-apigateway-integration"])
        if ANY in operations:
            _put_any(gateway, place, next(method for method in METHODS if method in operations))


def _put_gateway_responses(gateway: Any, api_id: str, body: Template) -> None:  # noqa: ANN401 - boto3
    for kind, response in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters=response.get("responseParameters", {}),
            responseTemplates=response.get("responseTemplates", {}),
            **({"statusCode": str(response["statusCode"])} if "statusCode" in response else {}),
        )


def _put_mock(gateway: Any, place: Mapping[str, str], integration: Template) -> None:  # noqa: ANN401 - boto3
    options = {**place, "httpMethod": "OPTIONS"}
    gateway.put_integration(**options, type="MOCK", requestTemplates=integration.get("requestTemplates", {}))
    for response in integration["responses"].values():
        status, headers = str(response["statusCode"]), response.get("responseParameters", {})
        gateway.put_method_response(**options, statusCode=status, responseParameters=dict.fromkeys(headers, False))
        gateway.put_integration_response(
            **options,
            statusCode=status,
            responseParameters=headers,
            responseTemplates=response.get("responseTemplates", {}),
        )


def _put_any(gateway: Any, place: Mapping[str, str], sibling: str) -> None:  # noqa: ANN401 - boto3
    uri = gateway.get_integration(**place, httpMethod=sibling.upper())["uri"]
    methods = gateway.get_resource(**place).get("resourceMethods", {})
    if "ANY" not in methods:
        gateway.put_method(**place, httpMethod="ANY", authorizationType="NONE")
    gateway.put_integration(**place, httpMethod="ANY", type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)


def _fix_table(table: str, properties: Template) -> None:
    dynamodb = boto3.client("dynamodb")
    wanted = properties.get("TimeToLiveSpecification")
    present = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if wanted and present == "DISABLED":
        specification: Any = {"Enabled": True, "AttributeName": wanted["AttributeName"]}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def paths(stack: Stack) -> list[str]:
    """Return the path of each stage of each REST API and HTTP API of a stack, before this machine's base URL."""
    rest = [api_id for api_id, _ in stack.resources("AWS::ApiGateway::RestApi")]
    http = [api_id for api_id, settings in stack.resources("AWS::ApiGatewayV2::Api") if "Body" in settings]
    gateways = boto3.client("apigateway"), boto3.client("apigatewayv2")
    found = [
        (api_id, stage["stageName"]) for api_id in rest for stage in gateways[0].get_stages(restApiId=api_id)["item"]
    ]
    found += [
        (api_id, stage["StageName"]) for api_id in http for stage in gateways[1].get_stages(ApiId=api_id)["Items"]
    ]
    return [f"/_aws/execute-api/{api_id}" + ("" if stage == "$default" else f"/{stage}") for api_id, stage in found]


def main(name: str, *options: str) -> None:
    """Complete a stack, and print the ids of Doorward's APIs, or the paths of all."""
    try:
        stack = fix(name)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{name}: {error}")
    if "--paths" in options:
        print(*paths(stack), sep="\n")
    else:
        print(*(stack.outputs[output] for output in ("ApiId", "SocketApiId") if output in stack.outputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
