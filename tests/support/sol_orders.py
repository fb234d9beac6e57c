"""Ten SOL at 97 on the paper exchange: what the worked examples of its fills share.

SOL: tick 0.01, step 0.01, spread 1 bp, slippage 2 bps (a taker pays 2.5 bps), maker 2 bps, taker 5 bps.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hydra.domain import ExitUrgency, ReasonCode
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.layers.layer5_orders import entry_order, exit_order
from hydra.trading.bars import Bar
from hydra.trading.pair_state import EntryPlan, Fill, PairState, Position
from hydra.trading.paper_exchange import PaperExchange
from tests.support.generated_facts import terms_of

SOL = 3
START = datetime(2025, 6, 1, tzinfo=UTC)
SPEC = terms_of((1, 2, 3))[SOL]
EXCHANGE = PaperExchange(1, ExecutionParameters(), {SOL: SPEC})
KEY = EXCHANGE.key(SOL, START)
# Half the spread, the slippage and a tick, at the prices of these tests.
COSTS = 0.03 + 0.01

Prices = tuple[float, float, float, float]
QUIET = (97.0, 97.1, 96.9, 97.0)


def entering(direction: int = 1, leverage: int = 10, limit: str = "97", stop: str = "96.05") -> PairState:
    """An entry for 10 SOL at `limit` that waits, its stop at `stop`, its target about 2.4 % away."""
    price = Decimal(limit)
    order = entry_order(KEY, direction, Decimal(10), (price, price), SPEC.filters)
    target = price * (1 + direction * Decimal("0.0247"))
    plan = EntryPlan(SOL, direction, Decimal(10), price, Decimal(leverage), Decimal(stop), target, 8.0)
    return PairState(SOL, entry=EXCHANGE.submit(order, KEY, price, START), plan=plan)


def bar(minute: int, traded: Prices, mark: Prices | None = None, volume: float = 10_000.0) -> Bar:
    """The bar that opens `minute` minutes after the start; the mark is the last price where none is given."""
    source = "last" if mark is None else "mark"
    return Bar(SOL, START + timedelta(minutes=minute), *traded, volume, mark or traded, source)


def collect(state: PairState, bars: Sequence[Bar]) -> None:
    """Let `bars` happen; entries are not timed out."""
    replace(EXCHANGE, bars={SOL: bars}).collect(state, START)


def played(state: PairState, *bars: Bar) -> tuple[Position, list[Fill]]:
    """The position after `bars`, and the fills of its exits."""
    collect(state, bars)
    assert state.position is not None
    exits = [fill for order in state.ended if order.role != "ENTRY" for fill in order.fills]
    return state.position, exits


def held(direction: int = 1, leverage: int = 10, stop: str = "96.05") -> PairState:
    """10 SOL at 97, filled in the first minute."""
    state = entering(direction, leverage, stop=stop)
    beyond = (97.0, 97.0, 96.9, 97.0) if direction > 0 else (97.0, 97.1, 97.0, 97.0)
    position, exits = played(state, bar(0, beyond))
    assert position.quantity == 10
    assert not exits
    return state


def send_market_exit(state: PairState, minute: int) -> None:
    """An urgent exit, sent at the end of a minute."""
    position = state.position
    assert position is not None
    price = Decimal(97)
    plan = exit_order(
        KEY, position.direction, position.quantity, ExitUrgency.URGENT, (price, price), SPEC.filters
    )
    position.exits_sent += 1
    placed = START + timedelta(minutes=minute)
    state.exit = EXCHANGE.submit(plan, KEY, price, placed, ReasonCode.DATA_STALE)
