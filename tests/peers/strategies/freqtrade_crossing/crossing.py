"""The strategy as freqtrade loads it: by the path of its folder."""

from datetime import datetime

from freqtrade.strategy import IStrategy
from pandas import DataFrame


class Crossing(IStrategy):
    """Columns of signals; the numbers stand in the configuration under "work"."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = False
    stoploss = -0.99
    minimal_roi: dict[str, float] = {}  # noqa: RUF012 - read as a plain attribute
    use_exit_signal = True
    process_only_new_candles = True
    startup_candle_count = 0

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, str]) -> DataFrame:  # noqa: ARG002
        """The two averages."""
        for name in ("fast", "slow"):
            dataframe[name] = dataframe["close"].rolling(self.config["work"][name]).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, str]) -> DataFrame:  # noqa: ARG002
        """Enter when the fast one has risen above."""
        above = dataframe["fast"] > dataframe["slow"]
        was_below = dataframe["fast"].shift(1) <= dataframe["slow"].shift(1)
        dataframe.loc[above & was_below, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, str]) -> DataFrame:  # noqa: ARG002
        """Leave when it is not above any more."""
        dataframe.loc[dataframe["fast"] < dataframe["slow"], "exit_long"] = 1
        return dataframe

    def leverage(self, pair: str, current_time: datetime, *numbers: object, **more: object) -> float:  # noqa: ARG002
        """None: the stake is the position."""
        return 1.0
