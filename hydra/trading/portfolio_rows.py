"""Cash, equity, exposure and heat of a run, from its last equity row and its orders and positions.

Source: C31, C39, C120 (working entries count), C122.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg

from hydra.db import queries
from hydra.layers.layer4_limits import PortfolioState
from hydra.ledger.portfolio import OpenPosition, Portfolio, drawdown
from hydra.ledger.positions import stop_loss_usd
from hydra.trading.cycle import Cycle
from hydra.trading.market_rows import Price
from hydra.trading.pair_state import PairState, rounded_usd
from hydra.trading.parameters import Rules
from hydra.trading.row_writer import Row


@dataclass(frozen=True, slots=True)
class LastBooked:
    """The portfolio after the last booked cycle. known_until: `as_of` of that cycle."""

    portfolio: Portfolio
    known_until: datetime


def read_last_booked(connection: psycopg.Connection, cycle: Cycle, rules: Rules) -> LastBooked:
    """The portfolio after the last booked cycle; before the first one, the initial balance."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    row = connection.execute(queries.load("stages/last_equity"), values).fetchone()
    if row is None:
        start = cycle.as_of - timedelta(minutes=1)
        return LastBooked(Portfolio.start(rules.initial_balance, start), start)
    time, as_of, cash, day_peak, peak = row
    return LastBooked(Portfolio(cash, peak, day_peak, time.astimezone(UTC).date()), as_of)


def equity_row(
    portfolio: Portfolio, states: Iterable[PairState], prices: Mapping[int, Price], cycle: Cycle
) -> Row:
    """The row of hydra.equity of this minute. prices: of every open position (C132)."""
    held = list(states)
    opened = [open_position(one, prices) for one in held if one.is_open]
    _, equity = portfolio.marked(opened, cycle.time)
    working = [one for one in held if one.entry is not None]
    exposure = equity.exposure_usd + sum((working_notional(one) for one in working), Decimal(0))
    heat = equity.heat_usd + sum((working_heat(one) for one in working), Decimal(0))
    has_equity = equity.equity_usd > 0
    return {
        "run_id": cycle.run_id,
        "time": cycle.time,
        "cash_usd": equity.cash_usd,
        "unrealised_usd": equity.unrealised_usd,
        "equity_usd": equity.equity_usd,
        "day_peak_usd": equity.day_peak_usd,
        "peak_usd": equity.peak_usd,
        "exposure_usd": exposure,
        "portfolio_heat": float(heat / equity.equity_usd) if has_equity else float("inf"),
        "stale_positions": sum(prices[one.instrument_id].is_stale(cycle.time) for one in held if one.is_open),
    }


def read_portfolio_state(
    connection: psycopg.Connection, cycle: Cycle, states: Mapping[int, PairState]
) -> PortfolioState:
    """The portfolio for layer 4: from this minute's equity row and the states of the pairs."""
    values = {"run_id": cycle.run_id, "time": cycle.time}
    row = connection.execute(queries.load("stages/equity"), values).fetchone()
    if row is None:
        raise AssertionError("a cycle is booked before it is decided")
    return portfolio_state_of(row, states)


def portfolio_state_of(
    row: tuple[Decimal, Decimal, Decimal, Decimal, float], states: Mapping[int, PairState]
) -> PortfolioState:
    """The same from the values of an equity row.

    row: equity, the day's peak, the run's peak, exposure (USDT), portfolio heat (fraction).
    """
    equity, day_peak, peak, exposure, heat = row
    return PortfolioState(
        equity_usd=float(equity),
        exposure_usd=float(exposure),
        heat_usd=heat * float(equity),
        margin_usd=float(sum((_margin(one) for one in states.values()), Decimal(0))),
        positions=len(states),
        drawdown=drawdown(float(equity), float(peak)),
        daily_drawdown=drawdown(float(equity), float(day_peak)),
    )


def open_position(state: PairState, prices: Mapping[int, Price]) -> OpenPosition:
    """The open position of a pair at its last known mark."""
    position = state.position
    if position is None:
        raise AssertionError("only open positions are marked")
    return OpenPosition(
        instrument_id=position.instrument_id,
        direction=position.direction,
        quantity=position.quantity,
        cost_basis_usd=position.cost_basis_usd,
        mark_price=prices[state.instrument_id].mark,
        stop_price=position.stop_price,
        margin_usd=position.margin_usd,
    )


def working_notional(state: PairState) -> Decimal:
    """Notional that the working entry may still fill, USDT."""
    entry = state.entry
    return entry.remaining * (entry.limit_price or entry.reference_price) if entry else Decimal(0)


def working_heat(state: PairState) -> Decimal:
    """Loss at the stop of that notional, USDT."""
    entry, plan = state.entry, state.plan
    if entry is None or plan is None:
        return Decimal(0)
    price = entry.limit_price or entry.reference_price
    return stop_loss_usd(plan.direction, entry.remaining, price, plan.stop_price)


def _margin(state: PairState) -> Decimal:
    margin = state.position.margin_usd if state.position is not None else Decimal(0)
    if state.plan is not None:
        margin += working_notional(state) / state.plan.leverage
    return margin


def cash_earned(connection: psycopg.Connection, run_id: int, portfolio: Portfolio, rules: Rules) -> Portfolio:
    """The portfolio with the cash of a run at an exchange: its first balance and what positions earned."""
    row = connection.execute(queries.load("stages/earned"), {"run_id": run_id}).fetchone()
    if row is None:
        raise AssertionError("an aggregate gives a row")
    return portfolio.booked(rules.initial_balance + row[0] - portfolio.cash_usd)


def cash_after(portfolio: Portfolio, states: Iterable[PairState]) -> Portfolio:
    """The portfolio after booking the new events of `states`."""
    effect = sum((one.cash_effect_usd() for one in states), Decimal(0))
    return portfolio.booked(rounded_usd(effect))
