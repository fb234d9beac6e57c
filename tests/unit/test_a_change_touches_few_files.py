"""Changes that are to come touch few files: each is made in a copy of the code, and minutes run through it.

A toy generator and a toy model in the scorer's place decide, trade and explain themselves in the copy. The
number of files that had to change is the measure.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.paths import PROJECT_ROOT

Change = Mapping[str, list[tuple[str, str]]]
"""File -> what is replaced by what; a file that does not exist yet gets the second text of its only pair."""

GENERATOR: Change = {
    "hydra/domain.py": [
        (
            'FUNDING_CARRY = "FUNDING_CARRY"\n',
            'FUNDING_CARRY = "FUNDING_CARRY"\n    TOY_TREND = "TOY_TREND"\n',
        )
    ],
    "hydra/layers/layer3_signals.py": [
        (
            "    is_adaptive: bool = False\n",
            "    toy_return: float = 0.001\n    toy_holding_hours: float = 3.0\n"
            "    is_adaptive: bool = False\n",
        ),
        (
            "GENERATORS: Final = {",
            '''def toy_trend() -> Generator:
    """With the day's move."""
    return Generator(
        source=SignalSource.TOY_TREND,
        long=Setup((above("return_24h", "toy_return"),), "Up {return_24h:+.2%} in 24 h"),
        short=Setup((below("return_24h", "toy_return", is_negative=True),), "Down {return_24h:+.2%} in 24 h"),
        thesis=Thesis("return_24h", 1),
        confidence=lambda limits: pl.lit(0.7),
        holding_hours="toy_holding_hours",
    )


GENERATORS: Final = {''',
        ),
        ("        funding_carry(),\n    )\n", "        funding_carry(),\n        toy_trend(),\n    )\n"),
    ],
}

MODEL: Change = {
    "hydra/layers/toy_scorer.py": [
        (
            "",
            '''"""A toy model."""

import polars as pl


class ToyScorer:
    """Scores by momentum."""

    kind = "toy-1"
    needs = ("rsi_14", "taker_buy_sell_ratio")

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """See `Scorer`."""
        return frame.select((pl.col("rsi_14") / 100).fill_null(0.5).alias("score")).to_series()
''',
        )
    ],
    "hydra/layers/scorer.py": [
        ("import polars as pl\n", "import polars as pl\nfrom hydra.layers.toy_scorer import ToyScorer\n"),
        ("(RuleBasedScorer(),)", "(RuleBasedScorer(), ToyScorer())"),
    ],
}

RUN = """
import json, sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hydra.answers.distance_to_trigger import trigger_distances
from hydra.backtest.columns import assessed_rows, decision_keys
from hydra.backtest.simulation import Stopwatch, prepare, simulate
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.assessment_rows import assessment_row
from hydra.trading.cycle import Cycle
from hydra.trading.minute_rows import AssessedPair, generator_frame, generator_inputs
from hydra.trading.parameters import rules_of
from hydra.trading.signal_rows import choose_signals, signal_row
from tests.support.generated_facts import generated_market

settings, scorer = json.loads(sys.argv[1])
start = datetime(2025, 6, 1, tzinfo=UTC)
market = generated_market(MarketSettings(seed=11, start=start, warm_up_days=8, book_interval_seconds=15), 300)
rules = rules_of(Settings(_env_file=None, **settings), ("liquidations", "order_book"))
rules = replace(rules, scoring=replace(rules.scoring, scorer=scorer))
simulation = simulate(prepare(market, Stopwatch()), rules, 1, Stopwatch())

# The last minute once more, as the live stages decide it: from rows of layer 2.
decisions = decision_keys(market).tail(len(market.instrument_ids))
cycle = Cycle(1, decisions["time"][0] - timedelta(seconds=2), decisions["time"][0])
rows = [assessment_row(cycle, row) for row in assessed_rows(market, decisions, rules).to_dicts()]
names = ("instrument_id", "tradability", "reason_code", "regime", "volatility_regime", "cascade_probability")
pairs = [AssessedPair(**{n: row[n] for n in names}, numbers=row["numbers"]) for row in rows]
inputs = generator_inputs(is_adaptive=False)
live = [signal_row(cycle, row, rules) for row in
        choose_signals(generator_frame(pairs, cycle, inputs), rules).to_dicts()]
columns = simulation.columns.scored.filter(simulation.columns.scored["time"] == cycle.as_of)
print(json.dumps({
    "sources": sorted(simulation.columns.scored["source"].unique().to_list()),
    "kinds": sorted(simulation.columns.scored["score_kind"].unique().to_list()),
    "traded": sorted({v.candidate.source for v in simulation.log.verdicts.values()
                      if v.decision is not None and v.decision.approved}),
    "closed": sum(one.closed_time is not None for one in simulation.log.journal.positions),
    "distances": [one.source for one in trigger_distances({"return_24h": 0.0}, rules.signals)],
    "words": {row["source"]: row["thesis"] for row in live},
    "minutes": {row["source"]: row["holding_period_minutes"] for row in live},
    "live": sorted((row["instrument_id"], row["source"], round(row["score"], 9)) for row in live),
    "columns": sorted((a, b, round(c, 9)) for a, b, c in
                      columns.select("instrument_id", "source", "score").rows()),
}))
"""


def run_changed(
    tmp_path: Path, change: Change, settings: Mapping[str, str], scorer: str = "rule"
) -> dict[str, Any]:
    """What RUN says in a copy of the code with `change`."""
    for room in ("hydra", "sql", "tests/support"):
        shutil.copytree(PROJECT_ROOT / room, tmp_path / room)
    for name, pairs in change.items():
        path = tmp_path / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after, 1) if before else after
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps([settings, scorer])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_sixth_generator_is_two_files_with_all_that_follows_from_its_record(tmp_path: Path) -> None:
    assert len(GENERATOR) <= 4
    found = run_changed(tmp_path, GENERATOR, {"max_holding_hours": "TOY_TREND=1.5"})
    assert "TOY_TREND" in found["sources"]
    assert "TOY_TREND" in found["traded"]
    assert found["closed"] > 0
    assert found["distances"][-1] == "TOY_TREND"
    assert found["words"]["TOY_TREND"].endswith("% in 24 h")
    assert found["minutes"]["TOY_TREND"] == 90
    assert found["live"] == found["columns"]


def test_a_model_in_the_scorers_place_is_its_own_file_and_one_line(tmp_path: Path) -> None:
    assert len(MODEL) == 2
    found = run_changed(tmp_path, MODEL, {}, scorer="toy-1")
    assert found["kinds"] == ["toy-1"]
    assert found["live"] == found["columns"] != []


def test_the_kill_switch_is_found_in_three_hops() -> None:
    """From the verb to the operator's hand, to the switch, to its query; nothing else does it."""
    verbs = [PROJECT_ROOT / "hydra" / "cli" / f"{verb}.py" for verb in ("kill", "resume")]
    by_hand, room = (
        PROJECT_ROOT / "hydra" / "trading" / f"{name}.py" for name in ("kill_by_hand", "kill_switch")
    )
    for verb in verbs:
        assert "hydra.trading.kill_by_hand" in imported_by(verb)
    assert "hydra.trading.kill_switch" in imported_by(by_hand)
    queries = ("stages/latch", "stages/clear", "stages/latched", "stages/latched_kills")
    for query in queries:
        assert (PROJECT_ROOT / "sql" / f"{query}.sql").is_file()
        users = [path for path in (PROJECT_ROOT / "hydra").rglob("*.py") if f'"{query}"' in path.read_text()]
        assert users == [room]


def imported_by(path: Path) -> set[str | None]:
    """The modules that a file imports from."""
    return {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
