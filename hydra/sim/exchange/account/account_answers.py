"""Balances, positions and settings of an account as Binance's REST answers."""

from decimal import Decimal

from hydra.sim.exchange import listing
from hydra.sim.exchange.account import margins
from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.answers import Answer
from hydra.sim.exchange.account.records import ZERO
from hydra.sim.exchange.account.reports import ASSET, mean_price_text, text
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.wallet import usd


def account_v3(account: Account) -> Answer:
    """GET /fapi/v3/account: positions that are held or have orders."""
    store = account.store
    asset = _asset(store)
    positions = [
        _position_of_account(store, one)
        for one in store.symbols.values()
        if one.position.amount or len(one.resting)
    ]
    return {**_totals(asset), "assets": [asset], "positions": positions}


def account_v2(account: Account) -> Answer:
    """GET /fapi/v2/account: every position, with leverage and margin type, and what the account may do."""
    store = account.store
    asset = _asset(store)
    positions = [
        {
            **_position_of_account(store, one),
            "leverage": str(one.position.leverage),
            "isolated": one.position.is_isolated,
            "entryPrice": mean_price_text(one.position.entry_price),
            "breakEvenPrice": mean_price_text(one.position.break_even_price),
            "maxNotional": text(one.contract.largest_notional(one.position.leverage)),
        }
        for one in store.symbols.values()
    ]
    config = account_config(account)
    return {
        **config,
        **_totals(asset),
        "assets": [{**asset, "marginAvailable": True}],
        "positions": positions,
    }


def balances(account: Account) -> list[Answer]:
    """GET /fapi/v3/balance."""
    asset = _asset(account.store)
    return [
        {
            "accountAlias": "SgsR",
            "asset": ASSET,
            "balance": asset["walletBalance"],
            "crossWalletBalance": asset["crossWalletBalance"],
            "crossUnPnl": asset["crossUnPnl"],
            "availableBalance": asset["availableBalance"],
            "maxWithdrawAmount": asset["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": asset["updateTime"],
        }
    ]


def position_risk_v3(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v3/positionRisk: positions that are held or have orders."""
    store = account.store
    return [
        {**_risk(store, one), **_margins(store, one), "marginAsset": ASSET, "adl": 0}
        for one in _chosen(store, symbol)
        if one.position.amount or len(one.resting)
    ]


def position_risk_v2(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v2/positionRisk: every symbol, flat or not."""
    store = account.store
    return [
        {
            **_risk(store, one),
            "leverage": str(one.position.leverage),
            "maxNotionalValue": text(one.contract.largest_notional(one.position.leverage)),
            "marginType": one.position.margin_type.short,
            "isAutoAddMargin": "false",
        }
        for one in _chosen(store, symbol)
    ]


def symbol_config(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v1/symbolConfig."""
    return [
        {
            "symbol": one.contract.symbol,
            "marginType": one.position.margin_type,
            "isAutoAddMargin": "false",
            "leverage": one.position.leverage,
            "maxNotionalValue": text(one.contract.largest_notional(one.position.leverage)),
        }
        for one in _chosen(account.store, symbol)
    ]


def account_config(account: Account) -> Answer:
    """GET /fapi/v1/accountConfig."""
    return {
        "feeTier": account.settings.fee_tier,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def key_restrictions(account: Account) -> Answer:
    """GET /sapi/v1/account/apiRestrictions."""
    return {
        "ipRestrict": True,
        "createTime": 0,
        "enableReading": True,
        "enableWithdrawals": account.settings.key_can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": True,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
    }


def commission_rate(account: Account, symbol: str) -> Answer:
    """GET /fapi/v1/commissionRate."""
    return listing.commission_rate(account.store.of(symbol).contract.pair, account.settings.fee_tier)


def _chosen(store: AccountStore, symbol: str | None) -> list[SymbolStore]:
    return list(store.symbols.values()) if symbol is None else [store.of(symbol)]


def _total(amounts: list[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def _asset(store: AccountStore) -> Answer:
    held = list(store.held())
    profit = _total([margins.unrealized(store, one) for one in held])
    of_positions = _total([margins.position_margin(store, one) for one in held])
    of_orders = margins.open_order_margin(store)
    free = margins.available(store)
    amounts = {
        "walletBalance": store.wallet.balance_usd,
        "unrealizedProfit": profit,
        "marginBalance": store.wallet.balance_usd + profit,
        "maintMargin": _total([margins.maintenance_margin(store, one) for one in held]),
        "initialMargin": of_positions + of_orders,
        "positionInitialMargin": of_positions,
        "openOrderInitialMargin": of_orders,
        "crossWalletBalance": margins.cross_wallet(store),
        "crossUnPnl": margins.cross_unrealized(store),
        "availableBalance": free,
        "maxWithdrawAmount": min(free, max(ZERO, margins.cross_wallet(store))),
    }
    written = {name: text(usd(amount)) for name, amount in amounts.items()}
    return {"asset": ASSET, **written, "updateTime": store.updated_ms}


def _totals(asset: Answer) -> Answer:
    """The totals over all assets, of which there is one."""
    return {
        "totalInitialMargin": asset["initialMargin"],
        "totalMaintMargin": asset["maintMargin"],
        "totalWalletBalance": asset["walletBalance"],
        "totalUnrealizedProfit": asset["unrealizedProfit"],
        "totalMarginBalance": asset["marginBalance"],
        "totalPositionInitialMargin": asset["positionInitialMargin"],
        "totalOpenOrderInitialMargin": asset["openOrderInitialMargin"],
        "totalCrossWalletBalance": asset["crossWalletBalance"],
        "totalCrossUnPnl": asset["crossUnPnl"],
        "availableBalance": asset["availableBalance"],
        "maxWithdrawAmount": asset["maxWithdrawAmount"],
    }


def _margins(store: AccountStore, one: SymbolStore) -> Answer:
    symbol, value = one.contract.symbol, margins.open_value(one)
    of_position = margins.position_margin(store, one)
    of_orders = margins.order_margin(one.position, store.mark(symbol), value)
    amounts = {
        "initialMargin": of_position + of_orders,
        "maintMargin": margins.maintenance_margin(store, one),
        "positionInitialMargin": of_position,
        "openOrderInitialMargin": of_orders,
        "bidNotional": value.bids_usd,
        "askNotional": value.asks_usd,
    }
    return {name: text(usd(amount)) for name, amount in amounts.items()}


def _state(store: AccountStore, one: SymbolStore) -> Answer:
    """What the answers on a position share; notional is signed."""
    position = one.position
    profit = margins.unrealized(store, one)
    isolated = position.isolated_wallet_usd + profit if position.is_isolated and position.amount else ZERO
    return {
        "symbol": position.symbol,
        "positionSide": "BOTH",
        "positionAmt": text(position.amount),
        "notional": text(usd(position.amount * store.mark(position.symbol))),
        "isolatedMargin": text(usd(isolated)),
        "isolatedWallet": text(position.isolated_wallet_usd),
        "updateTime": position.updated_ms,
    }


def _position_of_account(store: AccountStore, one: SymbolStore) -> Answer:
    profit = text(usd(margins.unrealized(store, one)))
    return {**_state(store, one), "unrealizedProfit": profit, **_margins(store, one)}


def _risk(store: AccountStore, one: SymbolStore) -> Answer:
    position = one.position
    return {
        **_state(store, one),
        "entryPrice": mean_price_text(position.entry_price),
        "breakEvenPrice": mean_price_text(position.break_even_price),
        "markPrice": text(store.mark(position.symbol)),
        "unRealizedProfit": text(usd(margins.unrealized(store, one))),
        "liquidationPrice": mean_price_text(margins.liquidation_price(store, one)),
    }
