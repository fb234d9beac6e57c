"""freqtrade: isolated futures with funding and liquidation prices, all pairs in one wallet; next open.

The exchange is not asked: its markets are written down below, its leverage tiers come with freqtrade.
"""

import json
import logging
from pathlib import Path
from typing import Any

import ccxt.pro
from freqtrade.commands.optimize_commands import setup_optimize_configuration
from freqtrade.enums import RunMode
from freqtrade.optimize.backtesting import Backtesting

from tests.peers.work import Stopwatch, Work, answer, read_work

CASH_USDT = 1_000_000
STEP = 1e-6
PRICING = {"price_side": "other", "use_order_book": True, "order_book_top": 1}


def pair_of(symbol: str) -> str:
    """The unified name: BTC/USDT:USDT."""
    return f"{symbol.removesuffix('USDT')}/USDT:USDT"


def market_of(symbol: str) -> dict[str, Any]:
    """A perpetual as ccxt describes one, with steps so fine that none of the work is rounded away."""
    base = symbol.removesuffix("USDT")
    bounds = {name: {"min": STEP, "max": 1e9} for name in ("amount", "price")}
    return {
        "id": symbol,
        "symbol": pair_of(symbol),
        "base": base,
        "quote": "USDT",
        "settle": "USDT",
        "baseId": base,
        "quoteId": "USDT",
        "settleId": "USDT",
        "type": "swap",
        "spot": False,
        "margin": False,
        "swap": True,
        "future": False,
        "option": False,
        "contract": True,
        "linear": True,
        "inverse": False,
        "active": True,
        "contractSize": 1.0,
        "precision": {"amount": STEP, "price": STEP},
        "limits": {**bounds, "cost": {"min": 5.0, "max": None}, "leverage": {"min": 1, "max": 20}},
        "taker": 0.0005,
        "maker": 0.0002,
        "info": {},
    }


def write_markets_down(symbols: tuple[str, ...]) -> None:
    """Let ccxt find these markets where it would ask the exchange."""

    async def markets(_exchange: object, _parameters: object = None) -> list[dict[str, Any]]:
        return [market_of(symbol) for symbol in symbols]

    async def no_currencies(_exchange: object, _parameters: object = None) -> dict[str, Any]:
        return {}

    ccxt.pro.binance.fetch_markets = markets
    ccxt.pro.binance.fetch_currencies = no_currencies


def configuration(work: Work, folder: Path) -> dict[str, Any]:
    """What freqtrade makes of a configuration file for this work."""
    user_data = folder / "user_data"
    user_data.mkdir(exist_ok=True)
    path = folder / "freqtrade.json"
    path.write_text(json.dumps(written_configuration(work)), encoding="utf-8")
    arguments = {
        "config": [str(path)],
        "strategy": "Crossing",
        "strategy_path": str(Path(__file__).with_name("freqtrade_crossing")),
        "datadir": str(folder / "freqtrade"),
        "user_data_dir": str(user_data),
        "export": "none",
        "backtest_cache": "none",
        "fee": work.taker_fee,
    }
    found: dict[str, Any] = setup_optimize_configuration(arguments, RunMode.BACKTEST)
    return found


def written_configuration(work: Work) -> dict[str, Any]:
    """The settings that a trader would write."""
    return {
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": work.stake_usdt,
        "dry_run": True,
        "dry_run_wallet": CASH_USDT,
        "max_open_trades": len(work.symbols),
        "timeframe": "1m",
        "dataformat_ohlcv": "feather",
        "entry_pricing": PRICING,
        "exit_pricing": PRICING,
        "order_types": {
            "entry": "market",
            "exit": "market",
            "stoploss": "market",
            "stoploss_on_exchange": False,
        },
        "exchange": {
            "name": "binance",
            "pair_whitelist": [pair_of(symbol) for symbol in work.symbols],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "work": {"fast": work.fast, "slow": work.slow},
    }


def main() -> None:
    """Run it over all pairs."""
    logging.disable(logging.WARNING)
    work, watch = read_work(), Stopwatch()
    write_markets_down(work.symbols)
    backtesting = Backtesting(configuration(work, Path(work.folder)))
    strategy = backtesting.strategylist[0]
    with watch.of("loading"):
        data, timerange = backtesting.load_bt_data()
    bars = sum(map(len, data.values()))
    with watch.of("backtest"):
        backtesting.backtest_one_strategy(strategy, data, timerange)
    trades = backtesting.all_bt_content[strategy.get_strategy_name()]["results"]
    closed = trades[trades["exit_reason"] != "force_exit"]
    answer(watch, bars, len(closed), float(closed["profit_abs"].sum()))
    Backtesting.cleanup()


if __name__ == "__main__":
    main()
