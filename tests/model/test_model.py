"""The whole product against a page of plain Python: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import os

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.doors import Doors
from tests.model.memory import MemoryDoors
from tests.model.people_rules import PeopleRules
from tests.model.proof_rules import ProofRules
from tests.support.fakes import World

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))  # how many with seeds of their own; 0: the few of every run
STEPS = 50


class Everything(ProofRules, PeopleRules):
    """All rules together."""


def some(few: int) -> settings:
    """Return the settings of a few examples that are always the same, or of many others (`make model`)."""
    if not EXAMPLES:
        return settings(max_examples=few, stateful_step_count=STEPS)
    return settings(max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=False, database=None, print_blob=True)


def test_the_use_cases_do_what_the_page_says(initialised: World) -> None:
    class OverMemory(Everything):
        @staticmethod
        def open_doors() -> Doors:
            return MemoryDoors(initialised)

    run_state_machine_as_test(OverMemory, settings=some(25))
