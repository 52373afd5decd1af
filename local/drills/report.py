"""What a drill found."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SHOWN = 10


@dataclass
class Report:
    """What a drill did, and what it found.

    Args:
        name: of the drill.
        base: the commit that an upgrade comes from.
        requests: how many requests to the API there were.
        refused: what was refused although it should not have been.
        checks: what must hold, in a sentence, and whether it did.
        figures: what was counted or measured besides, by name with its unit.
    """

    name: str
    base: str = ""
    requests: int = 0
    refused: list[str] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, sentence: str, held: bool) -> None:  # noqa: FBT001 - the one thing that is checked
        """Keep whether something held; what failed once stays failed."""
        with self.lock:
            self.checks[sentence] = held and self.checks.get(sentence, True)

    def count(self, requests: int = 1) -> None:
        """Count requests."""
        with self.lock:
            self.requests += requests

    def note_wait(self, seconds: float) -> None:
        """Keep the longest wait for an answer."""
        name = "longest wait for an answer, in seconds"
        with self.lock:
            self.figures[name] = round(max(seconds, self.figures.get(name, 0)), 1)

    def add(self, name: str) -> None:
        """Count one more of what a figure counts."""
        with self.lock:
            self.figures[name] = self.figures.get(name, 0) + 1

    def refuse(self, what: str) -> None:
        """Keep what was refused although it should not have been."""
        with self.lock:
            self.refused.append(what)

    @property
    def passed(self) -> bool:
        """Return whether everything held, and nobody was refused who should not have been."""
        return bool(self.checks) and all(self.checks.values()) and not self.refused

    def show(self) -> str:
        """Return the report for people."""
        lines = [f"drill {self.name}: {'passed' if self.passed else 'FAILED'}; {self.requests} requests"]
        lines += [f"  refused: {len(self.refused)}", *(f"    {text[:300]}" for text in self.refused[:_SHOWN])]
        lines += [f"  {name}: {value:g}" for name, value in self.figures.items()]
        lines += [f"  {'held' if held else 'FAILED'}: {sentence}" for sentence, held in self.checks.items()]
        return "\n".join(lines)

    def write(self, file: Path, **more: str) -> None:
        """Put the report in the place of this drill's last one in a file of JSON.

        Args:
            file: holds an object with the reports of all drills, by name.
            more: what else to write, such as the commit.
        """
        found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        found[self.name] = {
            **more,
            **({"base": self.base} if self.base else {}),
            "passed": self.passed,
            "requests": self.requests,
            "refused": len(self.refused),
            "figures": self.figures,
            "checks": self.checks,
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", "utf-8")
