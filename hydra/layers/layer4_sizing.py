"""Layer 4, position size: Kelly and fixed risk as printed, then caps that only reduce it."""

from typing import Final, NamedTuple

KELLY_FRACTION: Final = 0.25
RISK_FRACTION: Final = 0.01


class SizeAdjustments(NamedTuple):
    """Factors of the size: it is divided by the first and multiplied by the others (universe, C119)."""

    volatility_multiplier: float
    size_multiplier: float
    correlation_penalty: float


class SizeLimits(NamedTuple):
    """Notionals, USDT: the largest position, and what is left of the total exposure."""

    max_position_usd: float
    remaining_exposure_usd: float


def kelly_size(win_prob: float, win_loss_ratio: float) -> float:
    """Optimal fraction of equity to bet, 0 without an edge.

    Formula: max(0, (p * b - q) / b)
    Source: layers document, "Kelly Criterion"; C34, C35.
    """
    loss_prob = 1 - win_prob
    return max(0.0, (win_prob * win_loss_ratio - loss_prob) / win_loss_ratio)


def calculate_size(
    win_prob: float,
    expected_return: float,
    expected_adverse_excursion: float,
    equity_usd: float,
    leverage: float,
    adjustments: SizeAdjustments,
    limits: SizeLimits,
) -> float:
    """Notional in USDT (C48).

    Formula: min(equity * kelly * 0.25, equity * 0.01 / EAE) * leverage / vol_mult * size_mult * corr_penalty,
        at most MAX_POSITION_SIZE and the remaining exposure capacity
    Source: layers document, "Full Calculation"; C32, C33, C34, C48.
    """
    kelly = kelly_size(win_prob, expected_return / expected_adverse_excursion)
    kelly_size_usd = equity_usd * kelly * KELLY_FRACTION
    risk_size_usd = (equity_usd * RISK_FRACTION) / expected_adverse_excursion
    base = min(kelly_size_usd, risk_size_usd)
    size = base * leverage
    size /= adjustments.volatility_multiplier
    size *= adjustments.size_multiplier
    size *= adjustments.correlation_penalty
    return min(size, limits.max_position_usd, limits.remaining_exposure_usd)


def loss_at_stop(stop_distance: float, round_trip_cost: float) -> float:
    """The loss of a stopped-out position per USDT of notional; all fractions."""
    return stop_distance + round_trip_cost


def apply_risk_cap(size_usd: float, equity_usd: float, risk_fraction: float, loss_fraction: float) -> float:
    """The size, at most the notional that loses `risk_fraction` of equity at the stop, costs included.

    loss_fraction: see `loss_at_stop`. Leverage does not matter: it changes the margin, not the loss.

    Formula: min(size, equity * RISK_PER_TRADE_PCT / (stop distance + round-trip cost))
    Source: README document, "Risk Management"; C33.
    """
    return min(size_usd, equity_usd * risk_fraction / loss_fraction)


def apply_heat_cap(size_usd: float, remaining_heat_usd: float, loss_fraction: float) -> float:
    """The size, at most the notional that loses the remaining portfolio heat at the stop.

    Formula: min(size, remaining heat / (stop distance + round-trip cost))
    Source: strategy document, "Risk Management" (6 % portfolio heat); C39.
    """
    return min(size_usd, max(0.0, remaining_heat_usd) / loss_fraction)


def apply_margin_cap(size_usd: float, free_margin_usd: float, leverage: float, cost_fraction: float) -> float:
    """The size, at most the notional whose margin (C48) and costs the free margin covers.

    cost_fraction: cost of entry and exit, a fraction of the notional.

    Formula: min(size, free margin / (1 / leverage + costs))
    Source: docs/practice.md (isolated margin); C48.
    """
    return min(size_usd, max(0.0, free_margin_usd) / (1 / leverage + cost_fraction))
