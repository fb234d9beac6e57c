"""A day of `hydra run --mode live` on the simulated exchange, every row compared with the exchange's own.

Runs only where it is asked for, because it wants a quiet machine: FULL_LIVE_DAY=1 in the environment takes a
day of eight pairs (half an hour on two cores); LIVE_DAY_MINUTES=22 and LIVE_DAY_SPEED=30 another extent.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from hydra.answers.audits import run_audits
from hydra.answers.order_latency import read_order_latency
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.exchange.binance.order_words import conditional_state_of, state_of
from hydra.settings import CONFIRMATION
from hydra.universe import UNIVERSE
from tests.support.account_records import AccountRecords, account_records, instant_of_ms, longest_uncovered
from tests.support.alert_receiver import receiver
from tests.support.rehearsal import Rehearsal, environment_of, new_account
from tests.support.served_market import ServedMarket, served_market
from tests.support.servers.databases import TestServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    not {"FULL_LIVE_DAY", "LIVE_DAY_MINUTES"} & os.environ.keys(),
    reason="THE DAY OF LIVE ORDERS: NOT RUN. Set FULL_LIVE_DAY=1, or LIVE_DAY_MINUTES=22 for a short one",
)

IS_FULL: Final = os.environ.get("FULL_LIVE_DAY") == "1"
MINUTES: Final = int(os.environ.get("LIVE_DAY_MINUTES") or (1_450 if IS_FULL else 22))
SPEED: Final = int(os.environ.get("LIVE_DAY_SPEED") or (50 if IS_FULL else 30))
# A day from midnight; a shorter stretch begins before a settlement.
START: Final = datetime(2026, 11, 1, *((0, 0) if MINUTES >= 1_440 else (7, 45)), tzinfo=UTC)
END: Final = START + timedelta(minutes=MINUTES)
TRADED: Final = UNIVERSE if MINUTES >= 60 else UNIVERSE[:3]  # minutes
PAIRS: Final = ",".join(pair.base for pair in TRADED)
SYMBOLS: Final = tuple(pair.exchange_symbol for pair in TRADED)
FIRST_WALLET_USD: Final = Decimal(1_000_000)
LONGEST_UNCOVERED_S: Final = 5.0
RULES: Final = {
    "SIGNAL_THRESHOLDS": "adaptive",
    "COOLDOWN_MINUTES": "5",
    "COOLDOWN_AFTER_STOP_MINUTES": "5",
    "MAX_POSITIONS": "8",
    "MAX_POSITION_SIZE_USD": "200000",
    "MAX_TOTAL_EXPOSURE_USD": "1600000",
    "LIVE_SIZE_CAP_USD": "200000",
    "MAX_HOLDING_HOURS": (
        "FUNDING_SQUEEZE=1,LIQUIDATION_REVERSAL=1,OI_DIVERGENCE=1,CROWDING_FADE=0.3,FUNDING_CARRY=0.5"
    ),
    "KILL_SCOPE": "pair",
    "OLDEST_MINUTE_S": "55",
}
"""So that a quiet market is traded often, in large sizes. The day shows that the books agree, no more."""

WORKING: Final = "SELECT FROM hydra.orders WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')"
STOPS_AND_TARGETS: Final = frozenset({"STOP", "TARGET"})


@dataclass
class Day(Rehearsal):
    """A rehearsal of a day, what the commands said, and what the exchange recorded."""

    stopped: str = ""
    killed: str = ""
    records: AccountRecords = field(init=False)


@pytest.fixture(scope="module")
def day(servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The run has decided the day; Ctrl-C; `hydra kill`; the exchange was asked for all that it recorded."""
    folder = tmp_path_factory.mktemp("day")
    account = folder / "account.toml"
    new_account(account, FIRST_WALLET_USD)
    options = (
        "--seed", "7", "--scenario", "day", "--scenario", "funding_extreme", "--from",
        f"{START:%Y-%m-%dT%H:%M}", "--pairs", PAIRS, "--speed", "max", "--account", str(account),
    )  # fmt: skip
    with (
        servers[Edition.APACHE].migrated() as url,
        receiver() as alerts,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder / "state"))
        patch.setenv("HYDRA_DATABASE_URL", url)
        with served_market(*options) as market:
            environment = environment_of(
                url,
                market.url,
                account,
                ALERT_WEBHOOK_URL=alerts.url,
                LIVE_CONFIRMATION=CONFIRMATION,
                **RULES,
            )
            made = Day(url, environment, account, market.url)
            market.hold_until(START)
            history = made.start("backfill", "--days", "32", "--exchange", "simulated", "--pairs", PAIRS)
            said = history.communicate(timeout=600)[0]
            assert history.returncode == 0, said
            market.ask("/hydra/clock", {"speed": SPEED, "hold_until": None})
            _play(made, market)
            yield made


def _play(made: Day, market: ServedMarket) -> None:
    run = made.start("run", "--mode", "live", "--exchange", "simulated", "--pairs", PAIRS)
    patience_s = MINUTES * 60 / SPEED + 300

    def is_over() -> bool:
        now = datetime.fromisoformat(market.ask("/hydra/clock")["now"])
        return now >= END or run.poll() is not None

    wait_until(is_over, "the end of the day", patience_s)
    assert run.poll() is None, run.communicate()[0]
    run.send_signal(signal.SIGINT)
    made.stopped = run.communicate(timeout=120)[0]
    killing = made.start("kill", "--run", "1", "--reason", "the end of the day")
    made.killed = killing.communicate(timeout=180)[0]
    assert killing.returncode == 0, made.killed
    wait_until(lambda: not made.rows(WORKING), "the ends of stops and targets")
    made.records = asyncio.run(account_records(made.exchange_url, made.account, SYMBOLS, START))


def own_orders(day: Day) -> list[dict[str, Any]]:
    """The orders of the tables, with the exchange's name of the pair."""
    names = (
        "symbol", "role", "order_type", "side", "client_order_id", "exchange_order_id", "child_order_id",
        "state", "quantity", "filled_quantity", "limit_price", "trigger_price", "reduce_only",
        "closes_position",
    )  # fmt: skip
    rows = day.rows(
        "SELECT i.exchange_symbol, o.role, o.order_type, o.side, o.client_order_id, o.exchange_order_id,"
        " o.child_order_id, o.state, o.quantity, o.filled_quantity, o.limit_price, o.trigger_price,"
        " o.reduce_only, o.closes_position"
        " FROM hydra.orders AS o JOIN market.instruments AS i USING (instrument_id)"
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_day_had_something_to_compare(day: Day) -> None:
    """Pairs, sides, ways to enter and to leave; printed for the reader of a long run."""
    exits = Counter(row[0] for row in day.rows("SELECT exit_reason_code FROM hydra.positions"))
    sides = Counter(row[0] for row in day.rows("SELECT side FROM hydra.positions"))
    pairs = Counter(
        row[0]
        for row in day.rows("SELECT base FROM hydra.positions JOIN market.instruments USING (instrument_id)")
    )
    orders = Counter((row["role"], row["state"]) for row in own_orders(day))
    income = Counter(row["incomeType"] for row in day.records.income)
    partial = sum(number > 1 for number in Counter(row["orderId"] for row in day.records.trades).values())
    makers = Counter(str(row["maker"]) for row in day.records.trades)
    minutes = day.rows("SELECT state, count(*) FROM hydra.cycles GROUP BY 1")
    print(f"\n{MINUTES} minutes at speed {SPEED}: {minutes}")
    print(f"positions {dict(pairs)} {dict(sides)}; closed by {dict(exits)}")
    print(
        f"orders {dict(orders)}; fills {len(day.records.trades)}, makers {dict(makers)}, in parts {partial}"
    )
    print(day.stopped[-1_500:])
    print(f"income {dict(income)}; wallet {day.records.wallet_usd}")
    assert day.records.trades
    if len(TRADED) < len(UNIVERSE) or MINUTES >= 1_440:
        assert income["FUNDING_FEE"]
    if MINUTES >= 1_440:
        assert sum(pairs.values()) >= 40
        assert len(pairs) >= 5
        assert set(sides) == {"LONG", "SHORT"}
        assert {"STOP_HIT", "MAX_HOLDING_TIME"} <= set(exits)
        assert partial


def test_every_order_is_at_the_exchange_as_in_the_tables(day: Day) -> None:
    children = {str(row["actualOrderId"]) for row in day.records.conditional_orders if row["actualOrderId"]}
    there = {
        row["clientOrderId"]: (
            row["symbol"], str(row["orderId"]), row["side"], state_of(row["status"]).value,
            Decimal(row["origQty"]), Decimal(row["executedQty"]), Decimal(row["price"]), row["reduceOnly"],
        )
        for row in day.records.orders
        if str(row["orderId"]) not in children
    }  # fmt: skip
    here = {
        row["client_order_id"]: (
            row["symbol"], row["exchange_order_id"], row["side"], row["state"], row["quantity"],
            row["filled_quantity"], row["limit_price"] or Decimal(0), row["reduce_only"],
        )
        for row in own_orders(day)
        if row["role"] not in STOPS_AND_TARGETS and row["exchange_order_id"] is not None
    }  # fmt: skip
    assert here == there
    assert len(there) == len(day.records.orders) - len(children)


def test_every_conditional_order_is_at_the_exchange_as_in_the_tables(day: Day) -> None:
    filled = {str(row["orderId"]): Decimal(row["executedQty"]) for row in day.records.orders}
    there = {}
    for row in day.records.conditional_orders:
        child = str(row["actualOrderId"]) or None
        done, quantity = filled[child] if child else Decimal(0), Decimal(row["quantity"])
        there[row["clientAlgoId"]] = (
            row["symbol"], str(row["algoId"]), child, row["side"],
            conditional_state_of(row["algoStatus"], done, quantity).value, quantity, done,
            Decimal(row["triggerPrice"]), row["closePosition"],
        )  # fmt: skip
    here = {
        row["client_order_id"]: (
            row["symbol"], row["exchange_order_id"], row["child_order_id"], row["side"], row["state"],
            # One that closes the position has no quantity there.
            Decimal(0) if row["closes_position"] else row["quantity"], row["filled_quantity"],
            row["trigger_price"], row["closes_position"],
        )
        for row in own_orders(day)
        # Where the exchange refused the call it never had the order.
        if row["role"] in STOPS_AND_TARGETS and row["exchange_order_id"] is not None
    }  # fmt: skip
    assert here == there
    assert len(there) == len(day.records.conditional_orders)


def test_every_fill_is_the_exchanges_to_the_last_digit(day: Day) -> None:
    there = sorted(
        (
            row["symbol"], int(row["id"]), str(row["orderId"]), row["side"], instant_of_ms(row["time"]),
            Decimal(row["price"]), Decimal(row["qty"]), Decimal(row["commission"]), row["maker"],
        )
        for row in day.records.trades
    )  # fmt: skip
    here = sorted(day.rows(
        "SELECT i.exchange_symbol, f.trade_id::bigint, coalesce(o.child_order_id, o.exchange_order_id),"
        " o.side, f.time, f.price, f.quantity, f.fee_usd, f.is_maker"
        " FROM hydra.fills AS f JOIN hydra.orders AS o USING (order_id)"
        " JOIN market.instruments AS i USING (instrument_id)"
    ))  # fmt: skip
    assert here == there
    assert day.rows("SELECT FROM hydra.fills WHERE evidence <> 'EXCHANGE'") == []


def test_fees_funding_and_every_other_income_are_the_exchanges(day: Day) -> None:
    there = sorted(
        (row["incomeType"], row["symbol"], str(row["tranId"]), instant_of_ms(row["time"]),
         Decimal(row["income"]), row["asset"])
        for row in day.records.income
        if row["incomeType"] != "TRANSFER"
    )  # fmt: skip
    here = sorted(day.rows(
        "SELECT kind, symbol, transaction_id, time, amount, asset FROM hydra.exchange_income"
        " WHERE kind <> 'TRANSFER'"
    ))  # fmt: skip
    assert here == there
    sums = {
        kind: sum((row[4] for row in there if row[0] == kind), Decimal(0))
        for kind in ("COMMISSION", "FUNDING_FEE", "REALIZED_PNL")
    }
    ((fees, funding, gross),) = day.rows(
        "SELECT sum(fees_usd), sum(funding_usd), sum(gross_pnl_usd) FROM hydra.positions"
    )
    assert (-fees, funding, gross) == (sums["COMMISSION"], sums["FUNDING_FEE"], sums["REALIZED_PNL"])


def test_wallet_and_positions_are_the_exchanges(day: Day) -> None:
    assert day.records.positions == []
    assert day.rows("SELECT FROM hydra.positions WHERE state <> 'CLOSED'") == []
    ((earned,),) = day.rows("SELECT sum(net_pnl_usd) FROM hydra.positions")
    assert FIRST_WALLET_USD + earned == day.records.wallet_usd
    income = sum(
        (Decimal(row["income"]) for row in day.records.income if row["incomeType"] != "TRANSFER"), Decimal(0)
    )
    assert FIRST_WALLET_USD + income == day.records.wallet_usd
    assert day.rows("SELECT FROM audit.exchange_differences") == []


def test_nothing_was_held_without_a_stop_for_more_than_five_seconds(day: Day) -> None:
    """To the millisecond, from the exchange's own records: more than any look from outside could see."""
    found = longest_uncovered(day.records.trades, day.records.conditional_orders)
    print("\n" + "\n".join(f"{one.symbol}: {one.seconds:.3f} s from {one.since:%H:%M:%S}" for one in found))
    assert [one for one in found if one.seconds > LONGEST_UNCOVERED_S] == []


def test_the_audits_find_nothing(day: Day) -> None:
    with connect(day.url, autocommit=True) as connection:
        offences = {one.audit: one.first_rows for one in run_audits(connection) if not one.is_clean}
    assert offences == {}


def test_parity_finds_no_mismatch(day: Day) -> None:
    said = day.start("check", "parity", "--run", "1").communicate(timeout=600)[0]
    assert "\n0 mismatches" in said, said


def test_the_report_tells_how_long_orders_took(day: Day) -> None:
    with connect(day.url, autocommit=True) as connection:
        latency = read_order_latency(connection, 1)
    print("\n" + "\n".join(one.words for one in latency))
    slow = day.rows(
        "SELECT o.client_order_id, o.role, o.order_type, e.recorded_at::time, e.time::time, e.state, e.detail"
        " FROM hydra.orders AS o JOIN hydra.order_events AS e USING (order_id) WHERE o.order_id IN ("
        "  SELECT order_id FROM hydra.order_events GROUP BY 1"
        "  ORDER BY min(recorded_at) FILTER (WHERE state IN ('OPEN', 'PARTIALLY_FILLED', 'FILLED'))"
        "   - min(recorded_at) DESC NULLS LAST LIMIT 2)"
        " ORDER BY e.order_id, e.sequence"
    )
    print("the two slowest:\n" + "\n".join(" ".join(map(str, row)) for row in slow))
    accepted = [
        row["role"] == "ENTRY"
        for row in own_orders(day)
        if row["exchange_order_id"] is not None and row["state"] != "REJECTED"
    ]
    entries, others = latency
    assert (entries.is_entry, others.orders) == (True, accepted.count(False))
    # The orders of one entry count once.
    assert 0 < entries.orders <= accepted.count(True)
    assert entries.sent_p50_s > 0
    assert all(one.sent_p50_s <= one.accepted_p50_s for one in latency)
    report = day.start("report", "1", COLUMNS="400").communicate()[0]
    assert latency[0].words in report, report
