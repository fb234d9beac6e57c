"""What is made of the runs of systems side by side: medians, the check of the same work, table and JSON."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.peers.outcome import Measured, Outcome, astray
from tests.peers.peers import HYDRA_DOES, PEERS, requirements_of
from tests.peers.table import as_json, shown, write_json
from tests.peers.work import Answer, Work, work_from

WORK = Work("folder", "recorded", ("BTCUSDT",), "2025-05-25T10:40:00+00:00", "2025-05-25T10:50:00+00:00")
RUNS = (
    Measured(Answer(1.0, 4.0, 1_000, 200, -12.5), process_seconds=9.0, cpu_seconds=5.0, peak_mib=300.0),
    Measured(Answer(3.0, 2.0, 1_000, 200, -12.5), process_seconds=7.0, cpu_seconds=6.0, peak_mib=310.0),
    Measured(Answer(2.0, 2.5, 1_000, 200, -12.5), process_seconds=8.0, cpu_seconds=5.5, peak_mib=290.0),
)


def outcome(name: str = "vectorbt, warm", **changes: object) -> Outcome:
    """A rival with three runs."""
    usual = Outcome(name, "1.2.0", "next open", HYDRA_DOES, same_work=True, runs=RUNS)
    return replace(usual, **changes)  # type: ignore[arg-type]


def with_trades(name: str, trades: int) -> Outcome:
    """A rival with that many trades."""
    return outcome(name, runs=tuple(replace(run, answer=replace(run.answer, trades=trades)) for run in RUNS))


def printed(outcomes: list[Outcome]) -> str:
    """What a wide terminal shows."""
    console = Console(file=StringIO(), width=200)
    console.print(shown(outcomes))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def cells(text: str, name: str) -> list[str]:
    """The cells after the name in its first row."""
    row = next(line for line in text.splitlines() if name in line)
    return [cell.strip() for cell in row.strip("│").split("│")][1:]


def test_figures_are_medians_and_the_most_memory() -> None:
    """Worked out by hand: 1,000 bars in a median of 2.5 s."""
    assert cells(printed([outcome()]), "vectorbt 1.2.0, warm") == [
        "2.00", "2.50", "-", "8.0", "5.5", "400", "310", "200", "-12",
    ]  # fmt: skip


def test_what_did_not_run_is_said_with_its_reason() -> None:
    """Its row has no figure, and its reason is shown as it is."""
    text = printed([outcome(), outcome("freqtrade", runs=(), not_run="cannot be installed: [Errno 1] no")])
    assert cells(text, "freqtrade 1.2.0") == ["not run", *[""] * 8]
    assert "freqtrade: NOT RUN: cannot be installed: [Errno 1] no" in text


def test_what_does_other_work_is_marked() -> None:
    """HYDRA's trades are its own, and what it writes is shown."""
    run = Measured(Answer(1.0, 2.0, 1_000, 7, None, writing_seconds=0.25), 4.0, 3.0, 100.0)
    text = printed([outcome("HYDRA", release="", same_work=False, runs=(run,))])
    assert cells(text, "HYDRA") == ["1.00", "2.00", "0.25", "4.0", "3.0", "500", "100", "7 (its own)", "-"]


@pytest.mark.parametrize(("trades", "found"), [(198, []), (197, ["other"]), (202, []), (203, ["other"])])
def test_trades_may_differ_by_a_hundredth(trades: int, found: list[str]) -> None:
    """Of 200, two."""
    usual = [with_trades("one", 200), with_trades("two", 200)]
    assert astray([*usual, with_trades("other", trades)]) == found


def test_other_work_and_what_did_not_run_are_never_astray() -> None:
    """There is nothing to compare."""
    others = [replace(with_trades("HYDRA", 3), same_work=False), outcome("freqtrade", runs=(), not_run="no")]
    assert astray([with_trades("one", 200), *others]) == []
    assert astray(others) == []


def test_json_has_every_run_and_the_figures(tmp_path: Path) -> None:
    """And of what did not run the reason, and no figures."""
    absent = outcome("freqtrade", runs=(), not_run="no")
    write_json(tmp_path / "peers.json", WORK, [outcome(), absent, outcome("usual"), with_trades("other", 9)])
    found = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))
    assert found["work"]["symbols"] == ["BTCUSDT"]
    assert "folder" not in found["work"]
    first, second, *_ = found["systems"]
    assert [run["answer"]["backtest_seconds"] for run in first["runs"]] == [4.0, 2.0, 2.5]
    assert first["figures"] == {
        "loading_seconds": 2.0,
        "backtest_seconds": 2.5,
        "writing_seconds": None,
        "process_seconds": 8.0,
        "cpu_seconds": 5.5,
        "bars_per_second": 400.0,
        "peak_mib": 310.0,
        "trades": 200,
        "net_usdt": -12.5,
    }
    assert (second["figures"], second["not_run"]) == (None, "no")
    assert found["trades_astray"] == ["other"]


def test_work_is_read_as_it_was_written(tmp_path: Path) -> None:
    """By the strategies, which have nothing else of HYDRA."""
    WORK.write(tmp_path / "work.json")
    assert work_from(tmp_path / "work.json") == WORK
    assert as_json(WORK, [])["work"]["slow"] == 50


def test_every_environment_is_pinned_to_the_last_package() -> None:
    """And begins with the system that it is for."""
    environments = {peer.environment for peer in PEERS if peer.environment}
    assert len(environments) >= 2
    for environment in environments:
        lines = requirements_of(environment).read_text(encoding="utf-8").split()
        assert lines[0].startswith(f"{environment}==")
        assert all(line.count("==") == 1 for line in lines)
    assert {peer.name: peer.release for peer in PEERS}["nautilus_trader"] == "1.221.0"
