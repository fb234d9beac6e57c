"""The costs of a run's closed trades, step by step from their price profit to the net result.

Source: docs/practice.md (costs); docs/architecture.md (one cost model).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hydra.answers.run_choice import Row
from hydra.domain import FillEvidence
from hydra.ledger.cost_split import CostSplit, spread_paid_usd
from hydra.ledger.costs import CostParameters


@dataclass(frozen=True, slots=True)
class CostStep:
    """One step: the amount that it adds, USDT; with is_sum, the subtotal so far."""

    key: str
    name: str
    amount_usd: Decimal
    is_sum: bool
    remark: str


def cost_steps(costs: CostSplit) -> list[CostStep]:
    """The steps from the price profit at the decisions' prices to the net result."""
    at_decisions = costs.at_decision_prices_usd
    return [
        CostStep(
            "at_decision_prices_usd", "at the decisions' prices", at_decisions, True, "before every cost"
        ),
        CostStep("spread_usd", "spread", -costs.spread_usd, False, "model spread; resting orders earn it"),
        CostStep(
            "slippage_usd", "slippage", -costs.slippage_usd, False, "the rest of the way to the fill's price"
        ),
        CostStep("gross_usd", "gross", costs.gross_usd, True, "price profit at the fills"),
        CostStep(
            "maker_fees_usd", "maker fees", -costs.maker_fees_usd, False, "fills that provided liquidity"
        ),
        CostStep("taker_fees_usd", "taker fees", -costs.taker_fees_usd, False, "fills that took it"),
        CostStep(
            "funding_usd", "funding", costs.funding_usd, False, "received less paid, at the settlements"
        ),
        CostStep("net_usd", "net", costs.net_usd, True, "what the closed trades earned"),
    ]


def cost_split(closed: Sequence[Row], fills: Sequence[Row], costs: CostParameters) -> CostSplit:
    """Costs of the closed trades by the `costs` of their run; `fills`: rows of `sql/report/fill_costs.sql`.

    The fees of the fills are those of their positions (sql/audits/position_does_not_add_up.sql).
    """
    spread = sum((_spread_usd(fill, costs) for fill in fills), Decimal(0))
    maker_fees = _total((fill for fill in fills if fill["is_maker"]), "fees_usd")
    return CostSplit(
        gross_usd=_total(closed, "gross_pnl_usd"),
        maker_fees_usd=maker_fees,
        taker_fees_usd=_total(closed, "fees_usd") - maker_fees,
        funding_usd=_total(closed, "funding_usd"),
        spread_usd=spread,
        slippage_usd=_total(fills, "shortfall_usd") - spread,
    )


def shortfall_by_position(fills: Sequence[Row]) -> dict[int, Decimal]:
    """Implementation shortfall by position: fills against the prices at the decisions, USDT."""
    shortfall: dict[int, Decimal] = {}
    for fill in fills:
        name = fill["position_id"]
        shortfall[name] = shortfall.get(name, Decimal(0)) + fill["shortfall_usd"]
    return shortfall


def _spread_usd(fill: Row, costs: CostParameters) -> Decimal:
    """The model spread of the run; of a real book, or without a model of the pair, it is slippage."""
    if fill["evidence"] != FillEvidence.BAR or fill["base"] not in costs.spread_bps:
        return Decimal(0)
    return spread_paid_usd(Decimal(fill["notional_usd"]), costs.of(fill["base"]), is_maker=fill["is_maker"])


def _total(rows: Iterable[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))
