"""template.yaml as data, so that tests read from it and do not repeat it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """Reads !Ref and its kin as {"Ref": …}."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


@cache
def template() -> dict[str, Any]:
    return read(ROOT / "template.yaml")


def read(file: Path) -> dict[str, Any]:
    """Return a CloudFormation template, its short forms spelled out."""
    loaded: dict[str, Any] = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    return {name: item for name, item in template()["Resources"].items() if item["Type"] == kind}


def folder_of(function: str) -> str:
    """Return the folder of a function: WellKnownFunction lies in well_known."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", function.removesuffix("Function")).lower()


def layers_of(function: str) -> list[str]:
    """Return the layers of a function, those of all functions first."""
    everybodys, own = template()["Globals"]["Function"], template()["Resources"][function]["Properties"]
    return [layer["Ref"] for layer in [*everybodys["Layers"], *own.get("Layers", [])]]


def table_definitions() -> dict[str, dict[str, Any]]:
    """Return what CreateTable needs, for each table, named by its logical id."""
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {
        name: {key: item["Properties"][key] for key in wanted if key in item["Properties"]}
        for name, item in resources("AWS::DynamoDB::Table").items()
    }


def routes() -> list[tuple[str, str, str, bool]]:
    """Return method, path, function and whether it is public, for every event of every function."""
    found = []
    for name, item in resources("AWS::Serverless::Function").items():
        for event in item["Properties"].get("Events", {}).values():
            if event["Type"] != "Api":
                continue
            properties = event["Properties"]
            public = properties.get("Auth", {}).get("Authorizer") == "NONE"
            found.append((properties["Method"], properties["Path"], name, public))
    return found
