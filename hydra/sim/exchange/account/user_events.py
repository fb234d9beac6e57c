"""The events of the user stream as Binance USD-M sends them: `msgspec.json.encode(event)` is the frame."""

from msgspec import Struct, field


class ReportedOrder(Struct, frozen=True, kw_only=True):
    """`o` of ORDER_TRADE_UPDATE."""

    symbol: str = field(name="s")
    client_id: str = field(name="c")
    side: str = field(name="S")
    type: str = field(name="o")
    time_in_force: str = field(name="f")
    quantity: str = field(name="q")
    price: str = field(name="p")
    average_price: str = field(name="ap")
    stop_price: str = field(name="sp", default="0")
    execution: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    last_quantity: str = field(name="l", default="0")
    filled: str = field(name="z")
    last_price: str = field(name="L", default="0")
    commission_asset: str = field(name="N", default="USDT")
    commission: str = field(name="n", default="0")
    time_ms: int = field(name="T")
    trade_id: int = field(name="t", default=0)
    bids_notional: str = field(name="b", default="0")
    asks_notional: str = field(name="a", default="0")
    is_maker: bool = field(name="m", default=False)
    reduce_only: bool = field(name="R")
    working_type: str = field(name="wt", default="CONTRACT_PRICE")
    original_type: str = field(name="ot")
    position_side: str = field(name="ps", default="BOTH")
    close_position: bool = field(name="cp")
    realized: str = field(name="rp", default="0")
    price_protect: bool = field(name="pP", default=False)
    strategy_id: int = field(name="si", default=0)
    strategy_state: int = field(name="ss", default=0)
    self_trade_prevention: str = field(name="V", default="EXPIRE_MAKER")
    price_match: str = field(name="pm", default="NONE")
    good_till_ms: int = field(name="gtd", default=0)
    expiry_reason: str = field(name="er", default="0")


class OrderTradeUpdate(Struct, frozen=True, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    """An order began, changed, filled or ended."""

    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    order: ReportedOrder = field(name="o")


class ReportedBalance(Struct, frozen=True):
    """One of `B` of ACCOUNT_UPDATE. balance_change: but for profit and commission."""

    asset: str = field(name="a")
    wallet_balance: str = field(name="wb")
    cross_wallet_balance: str = field(name="cw")
    balance_change: str = field(name="bc")


class ReportedPosition(Struct, frozen=True):
    """One of `P` of ACCOUNT_UPDATE. margin_type: isolated or cross."""

    symbol: str = field(name="s")
    amount: str = field(name="pa")
    entry_price: str = field(name="ep")
    break_even_price: str = field(name="bep")
    realized: str = field(name="cr")
    unrealized: str = field(name="up")
    margin_type: str = field(name="mt")
    isolated_wallet: str = field(name="iw")
    position_side: str = field(name="ps")


class ReportedAccount(Struct, frozen=True, omit_defaults=True):
    """`a` of ACCOUNT_UPDATE. reason: see `UpdateReason`. funding_symbol: not sent for other reasons."""

    reason: str = field(name="m")
    balances: list[ReportedBalance] = field(name="B")
    positions: list[ReportedPosition] = field(name="P")
    funding_symbol: str = field(name="S", default="")


class AccountUpdate(Struct, frozen=True, tag_field="e", tag="ACCOUNT_UPDATE"):
    """Balances or positions changed."""

    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    account: ReportedAccount = field(name="a")


class ReportedConditional(Struct, frozen=True, kw_only=True):
    """`o` of ALGO_UPDATE. order_id: empty before the trigger."""

    client_id: str = field(name="caid")
    algo_id: int = field(name="aid")
    algo_type: str = field(name="at", default="CONDITIONAL")
    type: str = field(name="o")
    symbol: str = field(name="s")
    side: str = field(name="S")
    position_side: str = field(name="ps", default="BOTH")
    time_in_force: str = field(name="f")
    quantity: str = field(name="q")
    status: str = field(name="X")
    order_id: str = field(name="ai", default="")
    average_price: str = field(name="ap", default="0")
    filled: str = field(name="aq", default="0")
    actual_type: str = field(name="act", default="0")
    trigger_price: str = field(name="tp")
    price: str = field(name="p")
    self_trade_prevention: str = field(name="V", default="EXPIRE_MAKER")
    working_type: str = field(name="wt")
    price_match: str = field(name="pm", default="NONE")
    close_position: bool = field(name="cp")
    price_protect: bool = field(name="pP")
    reduce_only: bool = field(name="R")
    triggered_ms: int = field(name="tt", default=0)
    good_till_ms: int = field(name="gtd", default=0)
    reject_reason: str = field(name="rm", default="")
    is_activated: bool = field(name="ia", default=False)


class AlgoUpdate(Struct, frozen=True, tag_field="e", tag="ALGO_UPDATE"):
    """A conditional order began, fired or ended."""

    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    order: ReportedConditional = field(name="o")


class ReportedLeverage(Struct, frozen=True):
    """`ac` of ACCOUNT_CONFIG_UPDATE."""

    symbol: str = field(name="s")
    leverage: int = field(name="l")


class AccountConfigUpdate(Struct, frozen=True, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"):
    """The leverage of a symbol changed."""

    event_ms: int = field(name="E")
    time_ms: int = field(name="T")
    config: ReportedLeverage = field(name="ac")


class CalledPosition(Struct, frozen=True):
    """One of `p` of MARGIN_CALL. isolated_wallet: 0 with cross margin. margin_type: ISOLATED or CROSSED."""

    symbol: str = field(name="s")
    position_side: str = field(name="ps")
    amount: str = field(name="pa")
    margin_type: str = field(name="mt")
    isolated_wallet: str = field(name="iw")
    mark_price: str = field(name="mp")
    unrealized: str = field(name="up")
    maintenance_margin: str = field(name="mm")


class MarginCall(Struct, frozen=True, tag_field="e", tag="MARGIN_CALL", omit_defaults=True):
    """Positions come near their liquidation. cross_wallet: of cross positions only."""

    event_ms: int = field(name="E")
    positions: list[CalledPosition] = field(name="p")
    cross_wallet: str = field(name="cw", default="")


UserEvent = OrderTradeUpdate | AccountUpdate | AlgoUpdate | AccountConfigUpdate | MarginCall
