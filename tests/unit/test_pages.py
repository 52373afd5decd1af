"""The pages of the API show examples that the API would take and give."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema

from tools.openapi.document import ROOT, document
from tools.openapi.examples import example


@cache
def _document() -> dict[str, Any]:
    return document("0")


def _page() -> str:
    return (ROOT / "docs" / "api.md").read_text("utf-8")


def test_each_example_is_as_its_schema_says() -> None:
    schemas = _document()["components"]["schemas"]
    for name in schemas.keys() - {"Problem"}:
        shown = example({"$ref": f"#/components/schemas/{name}"}, schemas)
        assert shown, name
        jsonschema.validate(shown, {**schemas[name], "components": _document()["components"]})


def test_each_route_has_a_call_to_paste() -> None:
    calls = re.findall(r'^### (\w+) (\S+)$.*?^curl -X (\w+) "\$URL([^"]+)"', _page(), re.MULTILINE | re.DOTALL)
    routes = {
        (method.upper(), path)
        for path, item in _document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert {(method, path) for method, path, _, _ in calls} == routes
    for method, path, called_method, called_path in calls:
        assert called_method == method
        assert re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9-]+", path), called_path)


def test_the_examples_on_the_page_are_json_and_its_lines_are_short() -> None:
    for block in re.findall(r"^```json\n(.*?)^```", _page(), re.MULTILINE | re.DOTALL):
        json.loads(block)
    assert max(map(len, _page().splitlines())) <= 120


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(r"`(\w+/\w+)::(\w+)`", (ROOT / "docs" / "threat-model.md").read_text())
    assert len(named) > 20
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / f"{file}.py").read_text(), name
