"""The whole product against a page of plain Python: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from doorward import authorization
from doorward.sessions import introspect, revoke
from tests.model.ending_rules import EndingRules
from tests.model.machine import Machine
from tests.model.memory import MemoryDoors, remembered
from tests.model.page import Person, Token
from tests.model.people_rules import PeopleRules
from tests.model.proof_rules import ProofRules
from tests.model.session_rules import SessionRules
from tests.support.fakes import World

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))  # how many with seeds of their own; 0: the few of every run
STEPS = 50


class Everything(ProofRules, EndingRules, PeopleRules):
    """All rules together."""


class TwoTenants(SessionRules, EndingRules):
    """One user, eve, in two tenants, and the platform: few rules, so that long stories come about."""

    def __init__(self) -> None:
        super().__init__()
        for kept in (self.page.tokens, self.page.renewals, self.page.cookies):
            kept.clear()
        self.sign_in_as(self.page.people[-1])

    def person(self, data: st.DataObject) -> Person:
        return self.page.people[-1]

    def caller(self, data: st.DataObject) -> Token:
        return self.platform()


def without(rules: type[Machine], *names: str) -> type[Machine]:
    """Return a machine without some of its rules."""
    return type(rules.__name__, (rules,), dict.fromkeys(names))


# What ends a story early is left out: the other machine has it.
LONG_STORIES = without(
    TwoTenants,
    *("sign_in_by_address", "sign_in_with_a_wrong_password", "revoke_an_access_token", "revoke_a_refresh_token"),
    *("sign_out", "sign_out_by_cookie", "set_password", "ask_for_a_new_password", "end_everything"),
    *("end_all_sessions", "change_status"),
)


def some(few: int) -> settings:
    """Return the settings of a few examples that are always the same, or of many others (`make model`)."""
    if not EXAMPLES:
        return settings(max_examples=few, stateful_step_count=STEPS)
    return settings(max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=False, database=None, print_blob=True)


@pytest.mark.parametrize(("rules", "few"), [(Everything, 12), (LONG_STORIES, 40)])
def test_the_use_cases_do_what_the_page_says(
    initialised: World, monkeypatch: pytest.MonkeyPatch, rules: type[Machine], few: int
) -> None:
    for module in (authorization, introspect, revoke):
        monkeypatch.setattr(module, "verify_access_token", remembered)
    machine = type(rules.__name__, (rules,), {"open_doors": staticmethod(lambda: MemoryDoors(initialised))})
    run_state_machine_as_test(machine, settings=some(few))
