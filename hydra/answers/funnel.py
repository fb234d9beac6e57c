"""The funnel of a run: how often each gate let a minute, a signal or a decision through, and why not.

Source: docs/architecture.md (every veto has a reason); C04 (restricted).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from hydra.answers.formatting import UNDEFINED
from hydra.answers.run_choice import rows_of
from hydra.answers.why_gates import GateVerdict
from hydra.domain import ReasonCode
from hydra.layers.layer2_matrix import RESTRICTING
from hydra.reason_words import WORDS, Gate, gate_of

_ONWARD: Final = "went on to the next gate"


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How often a gate gave one answer. passed: let through; reason_code None: filled, or went on."""

    gate: Gate
    passed: bool
    reason_code: ReasonCode | None
    verdicts: int
    is_onward: bool = False

    @property
    def answer(self) -> GateVerdict:
        """Passed, stopped, or restricted: layer 2's milder verdict (C04)."""
        if self.gate is Gate.STATISTICAL and self.reason_code in RESTRICTING:
            return GateVerdict.RESTRICTED
        return GateVerdict.PASSED if self.passed else GateVerdict.STOPPED

    @property
    def code(self) -> str:
        """The reason as a code; layer 5 gives a filled entry none."""
        if self.reason_code is not None:
            return str(self.reason_code)
        return "FILLED" if self.passed and not self.is_onward else UNDEFINED

    @property
    def words(self) -> str:
        """The reason in words."""
        if self.reason_code is not None:
            return WORDS[self.reason_code]
        if self.is_onward:
            return _ONWARD
        return "the entry was filled" if self.passed else "the entry is not filled"


@dataclass(frozen=True, slots=True)
class FunnelGate:
    """One gate with its answers."""

    gate: Gate
    steps: Sequence[FunnelStep]

    @property
    def verdicts(self) -> int:
        """How many came to this gate."""
        return sum(step.verdicts for step in self.steps)

    @property
    def passed(self) -> int:
        """How many of them it let through."""
        return sum(step.verdicts for step in self.steps if step.passed)


def read_funnel(connection: psycopg.Connection, run_id: int) -> list[FunnelStep]:
    """The verdicts of all layers by gate; layer 5 counts what became of approved decisions."""
    steps = [
        FunnelStep(
            gate_of(row["layer"], ReasonCode(row["reason_code"])),
            row["passed"],
            ReasonCode(row["reason_code"]),
            row["verdicts"],
        )
        for row in rows_of(connection, "report/funnel", run_id=run_id)
    ]
    for row in rows_of(connection, "report/entries", run_id=run_id):
        code = ReasonCode(row["reason_code"]) if row["reason_code"] else None
        steps.append(FunnelStep(Gate.EXECUTION, row["filled"], code, row["decisions"]))
    order = list(Gate)
    return sorted(steps, key=lambda step: (order.index(step.gate), not step.passed, -step.verdicts))


def funnel_gates(steps: Sequence[FunnelStep]) -> Iterator[FunnelGate]:
    """The answers gate by gate, in the order in which a minute passes them.

    Layers 2 and 3 each write one verdict for two gates: a verdict of the second gate means that the first was
    passed.
    """
    by_gate = {gate: [step for step in steps if step.gate is gate] for gate in Gate}
    stopped_by_news = sum(step.verdicts for step in by_gate[Gate.NEWS])
    scored = sum(step.verdicts for step in by_gate[Gate.SCORE] if step.passed)
    onward = {
        Gate.DATA_HEALTH: sum(step.verdicts for step in by_gate[Gate.STATISTICAL]),
        Gate.SCORE: stopped_by_news,
        Gate.NEWS: scored if stopped_by_news else 0,
    }
    for gate, answers in by_gate.items():
        went_on = onward.get(gate, 0)
        passed_on = [FunnelStep(gate, True, None, went_on, is_onward=True)] if went_on else []
        if answers or went_on:
            yield FunnelGate(gate, [*passed_on, *answers])
