"""The plots of the report: places worked out by hand, and what they say to those who cannot see them."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from hydra.answers.html_report.bar_plots import HistogramBin, histogram, histogram_plot, hour_plot
from hydra.answers.html_report.calibration_plot import calibration_plot
from hydra.answers.html_report.candle_plot import overview_plot, price, trade_plot
from hydra.answers.html_report.row_bars import WaterfallStep, row_bar, row_scale, signed_bars, waterfall
from hydra.answers.html_report.run_record import Candle, CandleChart, EquityMinutes
from hydra.answers.html_report.svg import element, path, short
from hydra.answers.html_report.time_plots import drawdown_plot, equity_plot, exposure_plot, share_exposed
from hydra.answers.html_report.trades import Trade, by_hour, regime_name, source_name, split
from hydra.domain import ReasonCode, Regime, Side
from hydra.ledger.calibration import calibration
from tests.support.html_page import HtmlPage

START = datetime(2025, 6, 1, 10, tzinfo=UTC)

TRADE = Trade(
    number=3,
    instrument_id=1,
    base="BTC",
    source="OI_DIVERGENCE",
    side=Side.LONG,
    opened_time=START + timedelta(minutes=1),
    closed_time=START + timedelta(minutes=3),
    quantity=Decimal(10),
    entry_price=Decimal(100),
    exit_price=Decimal(102),
    stop_price=Decimal(99),
    target_price=Decimal(103),
    exit_reason=ReasonCode.TARGET_HIT,
    net_usd=Decimal("19.5"),
    confidence=0.6,
    regime=Regime.SQUEEZE_LONG,
)
OPEN_TRADE = replace(TRADE, closed_time=None, exit_price=None, exit_reason=None, net_usd=Decimal("-0.2"))


def minutes(equity: Sequence[float], exposure: Sequence[float] | None = None) -> EquityMinutes:
    values = np.array(equity, dtype=np.float64)
    peaks = np.maximum.accumulate(values) if len(values) else values
    return EquityMinutes(
        [START + timedelta(minutes=place) for place in range(len(values))],
        values,
        1 - values / peaks,
        np.array(exposure if exposure is not None else [0.0] * len(values), dtype=np.float64),
    )


def chart(candles: Sequence[tuple[float, float, float, float]]) -> CandleChart:
    rows = [Candle(START + timedelta(minutes=place), *prices) for place, prices in enumerate(candles)]
    return CandleChart(START, START + timedelta(minutes=4), 1, rows)


def test_elements_escape_text_and_attributes() -> None:
    written = element("text", "<b>&", class_="a", data_hover='"x"', height=2.0)
    assert written == '<text class="a" data-hover="&#34;x&#34;" height="2">&lt;b&gt;&amp;</text>'
    assert element("g", element("line", x1=None)) == "<g><line/></g>"


@pytest.mark.parametrize(
    ("number", "text"), [(0.04, "0"), (-0.04, "0"), (12.0, "12"), (3.25, "3.2"), (-1.5, "-1.5")]
)
def test_coordinates_are_short(number: float, text: str) -> None:
    assert short(number) == text


def test_a_line_breaks_where_there_is_no_value() -> None:
    assert path([(0, 0), (0.5, 1), (0.6, None), (0.7, 0.2), (1, 1)]) == "M0 0L500 1000M700 200L1000 1000"


def test_equity_lies_on_its_scale_and_tells_its_values() -> None:
    drawn = equity_plot(minutes([10_000, 10_080, 10_040]))
    assert 'd="M0 1000L500 0L1000 500"' in drawn
    assert "from 10,000.00 USDT to 10,040.00 USDT; lowest 10,000.00 USDT, highest 10,080.00 USDT" in drawn
    told = json.loads(next(value for _, name, value in HtmlPage(drawn).attributes if name == "data-hover"))
    assert told["x"] == [0, 500, 1000]
    assert told["text"][1] == "2025-06-01 10:01 UTC: 10,080.00 USDT"


def test_the_kill_switch_is_a_line_with_its_cause_escaped() -> None:
    drawn = equity_plot(minutes([1.0, 2.0, 3.0]), [(START + timedelta(minutes=1), "BTC: <spike>")])
    assert 'x1="50%"' in drawn
    assert "BTC: &lt;spike&gt;" in drawn


def test_drawdown_hangs_from_zero() -> None:
    drawn = drawdown_plot(minutes([100, 90, 100]))
    assert "The largest drawdown is 10.00 % of the peak; at the end it is 0.00 %." in drawn
    assert 'd="M0 0L500 1000L1000 0"' in drawn


def test_a_path_that_never_fell_has_a_flat_drawdown() -> None:
    assert "The largest drawdown is 0.00 %" in drawdown_plot(minutes([100, 110]))


def test_exposure_says_how_long_and_how_much() -> None:
    path_ = minutes([100, 100, 100, 100], [0, 50, 100, 0])
    assert share_exposed(path_) == 0.5
    assert "Exposed in 50.0 % of the time; largest 100.00 USDT, on average 37.50 USDT." in exposure_plot(
        path_
    )


@pytest.mark.parametrize("equity", [[], [10_000.0]])
def test_without_two_minutes_there_is_no_path(equity: list[float]) -> None:
    path_ = minutes(equity)
    assert equity_plot(path_) == drawdown_plot(path_) == exposure_plot(path_) == ""


def test_nan_breaks_a_path_and_is_told_as_unknown() -> None:
    drawn = equity_plot(minutes([10.0, math.nan, 20.0]))
    assert "nan" not in drawn.lower()
    assert 'd="M0 1000M1000 0"' in drawn


def test_candles_stand_where_their_prices_are() -> None:
    # Scale: 100 to 104 with 4 % on both sides: 99.84 to 104.16.
    drawn = overview_plot("BTC", chart([(101, 104, 100, 103), (103, 103, 101, 102)]), [])
    # First candle: middle at 125, body 160 wide; 104 lies 0.16/4.32 from the top, 100 as far from the bottom.
    assert "M125 37V963" in drawn
    assert 'class="rising"' in drawn
    assert "M45 268.5h160v463h-160Z" in drawn
    assert re.search(r'd="M295 268\.5h160v231\.5h-160Z" class="falling"', drawn)


def test_a_trade_shows_entry_exit_stop_target_and_why() -> None:
    drawn = trade_plot(chart([(100, 103, 99, 102)] * 4), TRADE)
    page = HtmlPage(drawn)
    assert page.faults == []
    assert "stop 99" in page.text_of("")
    assert "target 103" in page.text_of("")
    assert "Opened 2025-06-01 10:01 UTC at 100, stop 99, target 103" in drawn
    assert "closed 2025-06-01 10:03 at 102: the target was reached; net +19.50 USDT." in drawn
    marks = [value for _, name, value in page.attributes if name == "class" and value.startswith("mark")]
    assert marks == ["mark entry", "mark exit won"]


def test_long_and_short_differ_by_shape_and_won_and_lost_by_more_than_colour() -> None:
    candles = chart([(100, 103, 99, 102)] * 4)
    long, short_ = trade_plot(candles, TRADE), trade_plot(candles, replace(TRADE, side=Side.SHORT))
    shapes = [set(re.findall(r'<path d="(M0[^"]*Z)"', drawn)) for drawn in (long, short_)]
    assert shapes[0] != shapes[1]
    assert "journey won" in long
    assert "journey lost" in trade_plot(candles, replace(TRADE, net_usd=Decimal(0)))


def test_an_open_trade_has_no_exit_and_says_so() -> None:
    drawn = trade_plot(chart([(100, 103, 99, 102)] * 4), OPEN_TRADE)
    assert "mark exit" not in drawn
    assert "still open" in drawn
    assert "journey open" in drawn


def test_a_trade_without_candles_or_levels_is_drawn_all_the_same() -> None:
    drawn = trade_plot(chart([]), replace(TRADE, stop_price=None, target_price=None))
    assert "stop -, target -" in drawn
    assert "level" not in drawn
    assert "No candles are stored for this stretch." in overview_plot("BTC", chart([]), [])


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (Decimal("0.123456789"), "0.123457"), (87_629.2, "87629.2"), (123_456.7, "123,456.7")],
)
def test_prices_keep_six_digits(value: Decimal | float | None, text: str) -> None:
    assert price(value) == text


def test_results_in_r_are_measured_against_the_decided_stop() -> None:
    assert TRADE.risk_usd == 10
    assert TRADE.r_multiple == 1.95
    assert replace(TRADE, stop_price=None).r_multiple is None
    assert replace(TRADE, stop_price=Decimal(100)).r_multiple is None


def test_parts_are_split_and_ordered_by_what_they_earned() -> None:
    lost = replace(TRADE, base="ETH", net_usd=Decimal(-4), regime=None, source="CROWDING_FADE")
    trades = [lost, TRADE, replace(TRADE, net_usd=Decimal(0)), OPEN_TRADE]
    parts = split(trades, lambda trade: trade.base)
    assert [(part.name, part.trades, part.wins, part.net_usd) for part in parts] == [
        ("BTC", 2, 1, Decimal("19.5")),
        ("ETH", 1, 0, Decimal(-4)),
    ]
    assert [part.name for part in split(trades, regime_name)] == ["Squeeze long", "Not known"]
    assert [part.name for part in split(trades, source_name)] == ["OI divergence", "Crowding fade"]


def test_hours_are_utc_and_all_twenty_four_are_there() -> None:
    parts = by_hour([TRADE, OPEN_TRADE])
    assert [part.name for part in parts] == [f"{hour:02}" for hour in range(24)]
    assert [part.name for part in parts if part.trades] == ["10"]
    drawn = hour_plot(parts)
    assert "10 h: +19.50 USDT in 1 trades" in drawn
    assert drawn.count('class="bar') == 1
    assert "No trade was closed." in hour_plot(by_hour([]))


def test_a_histogram_has_round_bins_that_part_at_zero() -> None:
    assert histogram([-3.0, -0.5, 0.0, 0.5, 3.9], most=8) == [
        HistogramBin(-3.0, -2.0, 1),
        HistogramBin(-2.0, -1.0, 0),
        HistogramBin(-1.0, 0.0, 1),
        HistogramBin(0.0, 1.0, 2),
        HistogramBin(1.0, 2.0, 0),
        HistogramBin(2.0, 3.0, 0),
        HistogramBin(3.0, 4.0, 1),
    ]


@pytest.mark.parametrize("values", [[5.0], [-5.0], [0.0], [-1e-9, 1e9]])
def test_a_histogram_holds_every_value(values: list[float]) -> None:
    bins = histogram(values)
    assert sum(bin_.count for bin_ in bins) == len(values)
    assert bins[0].low <= min(values)
    assert bins[-1].high > max(values)


def test_a_histogram_of_nothing_is_empty_and_unknown_values_do_not_count() -> None:
    assert histogram([None, math.nan]) == []
    assert histogram_plot("o", "Outcomes", "R", [None]) == ""
    drawn = histogram_plot("o", "Outcomes", "R", [-1.0, 2.0, 3.0, None])
    assert "3 trades from -1.00 to +3.00 R, median +2.00 R; 2 won." in drawn


def bar_places(markup: str) -> tuple[float, float]:
    found = re.search(r'<rect x="([\d.]+)%".*? width="([\d.]+)%"', markup)
    assert found
    return float(found[1]), float(found[2])


def test_a_waterfall_hangs_each_cost_where_the_step_before_ended() -> None:
    steps = [
        WaterfallStep("gross", Decimal(80), is_sum=True),
        WaterfallStep("fees", Decimal(-100), is_sum=False),
        WaterfallStep("net", Decimal(-20), is_sum=True),
    ]
    # From -20 to 80: zero lies at 20 %.
    places = [bar_places(bar) for _, bar in waterfall(steps)]
    assert places == [(20, 80), (0, 100), (0, 20)]


def test_bars_of_rows_share_one_scale_and_nothing_is_no_bar() -> None:
    assert [bar_places(bar) for bar in signed_bars([Decimal(3), Decimal(-1), Decimal(0)])] == [
        (25, 75),
        (0, 25),
        (25, 0),
    ]
    assert bar_places(row_bar(0, 1e-9, row_scale([1.0]), "gain"))[1] > 0
    assert signed_bars([]) == []


def test_calibration_says_every_bin_with_its_interval() -> None:
    won = np.array([True] * 8 + [False] * 2)
    drawn = calibration_plot(calibration(np.full(10, 0.6), won).bins)
    assert "confidence 0.60: 80.0 % of 10 won, 95 % interval 49.0 % to 94.3 %" in drawn
    assert ">10</text>" in drawn
    assert calibration_plot([]) == ""
