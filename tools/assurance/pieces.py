"""The commands whose figures are the report of assurance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """One kind of proof.

    Args:
        name: what people give to `make assurance ONLY=`.
        promise: what it tries to break, in one sentence.
        command: what runs it; anybody can run it alone. It fails if anything is found.
        figures: which counts it makes (`tests.support.tally`), in the order of the report.
    """

    name: str
    promise: str
    command: str
    figures: tuple[str, ...] = ()


PIECES = (
    Piece(
        "faults",
        "Nothing is half-written, doubled or lost, whichever request of whichever operation fails, and however.",
        "make faults EVERY=10",
        ("operations under faults", "faults injected", "tables checked"),
    ),
    Piece(
        "model",
        "Whatever people do in whatever order, a token is good exactly when a page of plain rules says so.",
        "make model",
        ("steps of the state machine", "tokens judged"),
    ),
    Piece(
        "races",
        "Of many callers at once, one wins, and nothing is counted twice.",
        "make races",
        ("races run", "callers in races"),
    ),
    Piece(
        "fuzz",
        "No request and no event makes a function fail, and every answer is as the description says.",
        "make fuzz SECONDS=120",
        ("fuzzed requests", "fuzzed events"),
    ),
    Piece(
        "mutants",
        "Each defence is held by a test: broken on purpose, it is noticed.",
        "make mutants",
        ("defences broken",),
    ),
    Piece(
        "check",
        "No known hole, no foreign licence and no secret is in what is delivered.",
        "make check",
        ("packages checked", "files searched for secrets", "versions searched for secrets"),
    ),
    Piece(
        "standards",
        "Each requirement that is called met has a test that shows it.",
        "make standards ARGS=--check",
        (
            "requirements of standards met",
            "requirements of standards not applicable",
            "requirements of standards not met",
        ),
    ),
)
