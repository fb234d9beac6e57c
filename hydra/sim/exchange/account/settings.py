"""How an account begins, and what is set where the exchange's documents leave it open."""

from dataclasses import dataclass
from decimal import Decimal

from hydra.sim.exchange.account.words import MarginType


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The settings of an account. Those about behaviour may be replaced while it runs (`Account.settings`).

    refuses_post_only: a post-only order that would trade is refused with -5022; False: it EXPIRES.
    countdown_takes_conditional: countdownCancelAll cancels conditional orders too (no document says).
    refuses_early_stops: a reduce-only conditional order is refused with -2022 while there is no position (no
    document says).
    hides_living_conditional: the query of one living conditional order answers -2013, as was measured.
    fee_tier: place in `trading_rules.FEE_TIERS`. key_can_withdraw: what the account's keys are said to be
    allowed; nothing can be withdrawn here.
    """

    start_balance_usd: Decimal = Decimal(5_000)
    fee_tier: int = 0
    leverage: int = 20
    margin_type: MarginType = MarginType.CROSSED
    refuses_post_only: bool = True
    countdown_takes_conditional: bool = False
    refuses_early_stops: bool = False
    hides_living_conditional: bool = True
    key_can_withdraw: bool = False
