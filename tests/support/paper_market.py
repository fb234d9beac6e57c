"""A market of a few bars and a run on it, for paper trades that are worked out by hand.

Minutes count from START. Every decision stands as its rows would: assessment, signal, risk decision.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from hydra.domain import MarketOrigin, Side, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import Settings
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import Rules, recorded_rules
from hydra.trading.runs import Run, RunPlan, create_run
from tests.support.rows import add, candle
from workers import layer4, layer5

START = datetime(2025, 6, 1, tzinfo=UTC)
BTC, ETH = 1, 2


def instant(minute: int) -> datetime:
    """The instant `minute` minutes after the start."""
    return START + timedelta(minutes=minute)


class PaperMarket:
    """Writes bars, settlements and approved decisions, and lets layer 5 work on them."""

    def __init__(
        self,
        connection: psycopg.Connection,
        rules: Rules | None = None,
        owner: psycopg.Connection | None = None,
    ) -> None:
        """`owner`: who deletes the facts of another market; where it is not given, `connection` may."""
        self.connection = connection
        self._rules = rules or Rules()
        connection.autocommit = True
        for table in ("candles_1m", "mark_prices", "funding_rates", "order_books", "trades"):
            (owner or connection).execute(f"DELETE FROM market.{table}")  # noqa: S608
        ensure_instruments(connection)
        self.run = self._new_run()

    def candle(
        self, minute: int, prices: tuple[float, float, float, float], volume: float = 1000.0, pair: int = BTC
    ) -> None:
        """The bar [minute - 1, minute): open, high, low, close."""
        known_at = instant(minute) + timedelta(seconds=2)
        row = candle(pair, instant(minute - 1), known_at, prices, volume)
        add(self.connection, "market.candles_1m", row)

    def mark(self, minute: int, prices: tuple[float, float, float, float], pair: int = BTC) -> None:
        """The mark bar [minute - 1, minute)."""
        row = candle(pair, instant(minute - 1), instant(minute) + timedelta(seconds=2), prices)
        del row["volume"]
        add(self.connection, "market.mark_prices", {**row, "timeframe_minutes": 1})

    def book(
        self, second: float, bids: dict[float, float], asks: dict[float, float], pair: int = BTC
    ) -> None:
        """The order book `second` seconds after the start: price and quantity by level, best first."""
        time = START + timedelta(seconds=second)
        levels = {"bid_prices": [*bids], "bid_quantities": [*bids.values()]}
        levels |= {"ask_prices": [*asks], "ask_quantities": [*asks.values()]}
        row = {"instrument_id": pair, "time": time, "known_at": time, **levels}
        add(self.connection, "market.order_books", row)

    def sold(self, second: float, price: float, quantity: float, pair: int = BTC) -> None:
        """A trade whose taker sold."""
        time = START + timedelta(seconds=second)
        row = {"instrument_id": pair, "time": time, "known_at": time, "trade_id": int(second * 1000)}
        add(
            self.connection,
            "market.trades",
            {**row, "price": price, "quantity": quantity, "buyer_is_maker": True},
        )

    def funding(self, minute: int, rate: float, mark: float | None, pair: int = BTC) -> None:
        """A settlement at `minute`."""
        time = instant(minute)
        keys = {"instrument_id": pair, "time": time, "known_at": time + timedelta(seconds=5)}
        row = {**keys, "rate": rate, "interval_hours": 8, "mark_price": mark}
        add(self.connection, "market.funding_rates", row)

    def approve(
        self,
        minute: int,
        side: Side,
        size_usd: str,
        prices: tuple[str, str, str],
        *,
        leverage: str = "2",
        hours: float = 4.0,
        pair: int = BTC,
    ) -> None:
        """An approved decision with (reference, stop, target), and the order that layer 5 makes of it."""
        key = {**self._key(minute, pair), "side": side.value}
        names = ("reference_price", "stop_loss_price", "take_profit_price")
        size = {
            "recommended_size_usd": size_usd,
            "recommended_leverage": leverage,
            "max_holding_hours": hours,
        }
        add(self.connection, "hydra.signals", {**CHOSEN, **key})
        decision = {**APPROVED, **key, **size, **dict(zip(names, prices, strict=True))}
        add(self.connection, "hydra.risk_decisions", decision)
        self.settle(minute)
        self.execute(minute)

    def settle(self, minute: int) -> None:
        """Play what became known by `minute`."""
        cycle = self.cycle(minute)
        with self.connection.transaction():
            row = {
                "run_id": cycle.run_id,
                "time": cycle.time,
                "state": "CLOSED",
                "as_of": cycle.as_of,
                "code_version": self.run.code_version,
            }
            add(self.connection, "hydra.cycles", row)
            layer5.book_fills(self.connection, self.run, cycle)

    def assess(self, minute: int, pair: int = BTC, **changes: Any) -> None:
        """Layer 2's verdict on a pair, as it is on a quiet day but for `changes` (columns or numbers)."""
        add(self.connection, "hydra.assessments", {**self._key(minute, pair), **assessed(**changes)})

    def signal(self, minute: int, pair: int = BTC, **changes: Any) -> None:
        """A signal of layer 3, chosen but for `changes`."""
        add(self.connection, "hydra.signals", {**self._key(minute, pair), **CHOSEN, **changes})

    def decide(self, minute: int) -> dict[int, dict[str, Any]]:
        """Layer 4's rows of a minute, by instrument."""
        self.settle(minute)
        layer4.write_decisions(self.connection, self.run, self.cycle(minute))
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                "SELECT * FROM hydra.risk_decisions WHERE run_id = %s AND time = %s",
                (self.run.run_id, instant(minute)),
            ).fetchall()
        return {row["instrument_id"]: row for row in rows}

    def execute(self, minute: int) -> None:
        """Layer 5 manages positions and sends entries."""
        layer5.execute(self.connection, self.run, self.cycle(minute))

    def position(self) -> dict[str, Any]:
        """The newest position of the run."""
        return self._one("SELECT * FROM hydra.positions WHERE run_id = %s ORDER BY position_id DESC LIMIT 1")

    def cash(self) -> Decimal:
        """The wallet after the newest minute."""
        row = self.equity()
        assert isinstance(row["cash_usd"], Decimal)
        return row["cash_usd"]

    def equity(self) -> dict[str, Any]:
        """The newest equity row."""
        return self._one("SELECT * FROM hydra.equity WHERE run_id = %s ORDER BY time DESC LIMIT 1")

    def orders(self) -> list[tuple[str, str, Decimal, Decimal, str | None]]:
        """Role, state, quantity, filled quantity and reason of every order, in the order of their making."""
        return self.connection.execute(
            "SELECT role, state, quantity, filled_quantity, reason_code FROM hydra.orders"
            " WHERE run_id = %s ORDER BY order_id",
            (self.run.run_id,),
        ).fetchall()

    def fills(self) -> list[tuple[Decimal, Decimal, Decimal, bool]]:
        """Price, quantity, fee and maker of every fill, in their order."""
        return self.connection.execute(
            "SELECT f.price, f.quantity, f.fee_usd, f.is_maker FROM hydra.fills AS f"
            " JOIN hydra.orders AS o USING (order_id) WHERE o.run_id = %s ORDER BY f.fill_id",
            (self.run.run_id,),
        ).fetchall()

    def checks(self) -> list[tuple[str, dict[str, Any]]]:
        """Reason and numbers of every check of the newest position."""
        return self.connection.execute(
            "SELECT reason_code, numbers FROM hydra.position_events"
            " WHERE kind = 'CHECKED' AND position_id = %s ORDER BY sequence",
            (self.position()["position_id"],),
        ).fetchall()

    def latch(self, minute: int) -> None:
        """The kill switch of the whole run, by hand."""
        latched = {"run_id": self.run.run_id, "scope": "portfolio", "latched_time": instant(minute)}
        add(self.connection, "hydra.kill_switch", {**latched, "cause": "by hand"})

    def differ(self, pair: int, *, blocks_entries: bool = True) -> None:
        """Something of the pair at the exchange is not as the tables say."""
        key = {"run_id": self.run.run_id}
        row = {**key, "time": START, "cause": "MINUTE"}
        add(self.connection, "hydra.reconciliations", row)
        found = self._one(
            "SELECT max(reconciliation_id) AS found_in FROM hydra.reconciliations WHERE run_id = %s"
        )
        difference = {"kind": "POSITION_UNKNOWN", "symbol": f"PAIR{pair}", "subject": str(blocks_entries)}
        place = {"found_time": START, "instrument_id": pair, "blocks_entries": blocks_entries, "done": ""}
        add(self.connection, "hydra.account_differences", {**key, **found, **difference, **place})

    def _one(self, query: str) -> dict[str, Any]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query.encode(), (self.run.run_id,)).fetchone()
        assert row is not None
        return row

    def _key(self, minute: int, pair: int) -> dict[str, object]:
        return {"run_id": self.run.run_id, "instrument_id": pair, "time": instant(minute)}

    def cycle(self, minute: int) -> Cycle:
        """The cycle of a minute."""
        return Cycle(self.run.run_id, instant(minute), instant(minute) + timedelta(seconds=2))

    def _new_run(self) -> Run:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
        plan = RunPlan(
            mode=TradingMode.PAPER,
            market_origin=MarketOrigin.RECORDED,
            seed=None,
            feeds=(),
            instrument_ids=(BTC, ETH),
            data_from=START,
            data_to=None,
        )
        return create_run(self.connection, plan, settings, recorded_rules(self._rules))


def assessed(**changes: Any) -> dict[str, object]:
    """The columns of a verdict of layer 2 beside its key; see `PaperMarket.assess`."""
    columns = {name: changes.pop(name, value) for name, value in _QUIET_COLUMNS.items()}
    measured = {name: changes.pop(name, value) for name, value in _QUIET_MEASURED.items()}
    numbers = {**_QUIET_NUMBERS, **changes, "measured": measured}
    return {**columns, "numbers": Jsonb(numbers), "reason": "by hand"}


_QUIET_COLUMNS: dict[str, object] = {
    "tradability": "ALLOW",
    "reason_code": "NORMAL",
    "regime": 2,
    "volatility_regime": 1,
    "cascade_probability": 0.0,
}
_QUIET_MEASURED: dict[str, object] = {
    "funding_rate": 0.0001,
    "oi_delta_pct": 0.0,
    "liq_imbalance": 0.0,
    "liq_velocity": 0.0,
    "liq_zscore_max_1h": 0.0,
    "return_24h": -0.03,
    "long_short_ratio": 1.0,
    "volatility_percentile": 0.3,
}
_QUIET_NUMBERS: dict[str, object] = {
    "inputs": {},
    "reasons": ["NORMAL"],
    "last_close": 50_000.0,
    "spread_bps": None,
    "data_outage_seconds": None,
    "entries_allowed": True,
}
CHOSEN: dict[str, object] = {
    "source": "OI_DIVERGENCE",
    "side": "LONG",
    "confidence": 0.55,
    "expected_return": 0.02,
    "expected_adverse_excursion": 0.01,
    "holding_period_minutes": 240,
    "score": 0.6,
    "score_kind": "rule",
    "approved": True,
    "chosen": True,
    "reason_code": "SIGNAL_CHOSEN",
    "reason": "by hand",
    "thesis": "by hand",
    "metadata": Jsonb({"thesis_strength": 0.03}),
}
APPROVED: dict[str, object] = {
    "source": "OI_DIVERGENCE",
    "approved": True,
    "reason_code": "APPROVED",
    "reason": "by hand",
}
