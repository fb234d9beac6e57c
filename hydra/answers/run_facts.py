"""What the figures of a run depend on, and how far to trust them; the same words in every form of the report.

Source: docs/practice.md (honest reporting); docs/architecture.md (honest numbers).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from hydra.answers.formatting import UNDEFINED, counted, minute_text
from hydra.answers.run_choice import Row
from hydra.trading.upgrades import DecidingVersion

PAPER_SENTENCE: Final = (
    "Paper fills are simulated: where trades and order books are recorded, a resting order fills behind the "
    "queue at its price; elsewhere only when a later bar trades through it, at most a tenth of the bar's "
    "volume. The market impact of real orders is not in these numbers."
)
SIMULATED_SENTENCE: Final = (
    "The market is generated: it shows how HYDRA behaves, and nothing about what it would earn."
)

_MOST_KILLS: Final = 5
"""Most kill switches that the report lists, the newest; `--json` has them all."""


def worth_of_figures(facts: Row) -> Iterator[str]:
    """Sentences to read before the first figure. facts: the row of `sql/report/run.sql`."""
    if facts["mode"] in {"paper", "backtest"}:
        yield PAPER_SENTENCE
    if facts["label"].startswith("simulated"):
        yield SIMULATED_SENTENCE


def fact_list(facts: Row) -> list[tuple[str, str]]:
    """(name, value) of the facts that the figures depend on.

    facts: the row of `sql/report/run.sql`, and the `versions` of the run.
    """
    return [
        ("Run", str(facts["run_id"])),
        ("Mode", facts["mode"]),
        ("Market", f"{facts['label']} ({facts['market_origin']})"),
        ("Seed", UNDEFINED if facts["seed"] is None else str(facts["seed"])),
        ("Decided", f"{minute_text(facts['first_minute'])} to {minute_text(facts['last_minute'])} UTC"),
        ("Minutes", f"{facts['closed_minutes']:,} decided, {facts['skipped_minutes']:,} skipped"),
        ("Pairs", ", ".join(facts["pairs"]) or UNDEFINED),
        ("Declared feeds", ", ".join(facts["feeds"]) or "none"),
        ("Fills", _evidence(facts)),
        ("How it ended", facts["end_reason"] or "not ended"),
        ("Code", _by_minute(facts["versions"], "code_version")),
        ("Readings", _by_minute(facts["versions"], "readings_hash")),
        ("Features", _by_minute(facts["versions"], "feature_set_version")),
        ("Cost model", _by_minute(facts["versions"], "cost_model_version")),
        ("Config hash", facts["config_hash"]),
        ("Data hash", facts["data_hash"] or UNDEFINED),
        ("Runs stored on this market and period", f"{facts['runs_on_this_market']:,}"),
    ]


def _evidence(facts: Row) -> str:
    if facts["exchange_fills"]:
        return f"{facts['exchange_fills']:,} by the exchange"
    return f"{facts['book_fills']:,} by recorded books and trades, {facts['bar_fills']:,} by bars"


def _by_minute(versions: Sequence[DecidingVersion], name: str) -> str:
    """A part of the version; of an upgraded run every value of it, with the minute from which it decided."""
    found: list[str] = []
    last = None
    for one in versions:
        value = getattr(one.version, name)
        if value != last:
            found.append(f"from {minute_text(one.first_minute)} UTC on {value}" if found else value)
        last = value
    return ", ".join(found)


def kill_sentences(kills: Sequence[Row]) -> list[str]:
    """One sentence per kill switch: the newest ones, and the number of all if some are left out.

    kills: rows of `sql/report/kills.sql`.
    """
    sentences = [_kill_sentence(kill) for kill in kills[-_MOST_KILLS:]]
    if len(kills) <= _MOST_KILLS:
        return sentences
    names = Counter(kill["cleared_by"] for kill in kills if kill["cleared_time"])
    cleared = ", ".join(f"{count:,} by {name}" for name, count in names.items()) or "none"
    return [f"latched {len(kills):,} times; cleared: {cleared}; the newest {_MOST_KILLS} follow", *sentences]


def _kill_sentence(kill: Row) -> str:
    end = "still latched"
    if kill["cleared_time"]:
        end = f"cleared {minute_text(kill['cleared_time'])} by {kill['cleared_by']} ({kill['clear_reason']})"
    return f"{minute_text(kill['latched_time'])} UTC, {kill['base'] or kill['scope']}: {kill['cause']}; {end}"


def sample_sentence(trades: int, days: int) -> str:
    """How large the sample of trades is: days are those on which trades were closed."""
    return f"Sample: {counted(trades, 'closed trade')} on {counted(days, 'UTC day')}."
