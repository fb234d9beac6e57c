"""A new kind of fact is a record, a field and a query: nothing else of the house has to know it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import polars as pl
import pytest

from hydra.durations import DAY, HOUR
from hydra.features import evaluate
from hydra.features.catalogue import CATALOGUE, WORKING_COLUMNS
from hydra.features.evaluate import feature_matrix
from hydra.features.fact_source import FactSource, Snapshots, WarmUp
from hydra.features.facts import SOURCES, Grid, MarketFacts, empty_frame
from hydra.features.feature import WorkingColumn
from hydra.features.reading.anchor import anchor
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at

WEATHER = FactSource(
    values={"degrees": pl.Float64()},
    query="reads/weather",
    warm_up=WarmUp(HOUR, DAY, "the last reading, valid for half an hour"),
    grids={Grid.SENTIMENT: Snapshots(HOUR)},
)


@dataclass(frozen=True)
class FactsWithWeather(MarketFacts):
    weather: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WEATHER.columns))


@pytest.fixture
def _weather(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record, and a feature: twice the last reading. It takes over the grid of the sentiment."""
    monkeypatch.setitem(SOURCES, "sentiment", replace(SOURCES["sentiment"], grids={}))
    monkeypatch.setitem(SOURCES, "weather", WEATHER)
    monkeypatch.setitem(
        WORKING_COLUMNS, "weather_now", WorkingColumn("weather_now", Grid.SENTIMENT, pl.col("degrees") * 2)
    )
    copied = replace(CATALOGUE["social_sentiment_score"], name="weather", expression=pl.col("weather_now"))
    monkeypatch.setitem(CATALOGUE, "weather", copied)
    monkeypatch.setattr(evaluate, "MARKET_FEATURES", (*evaluate.MARKET_FEATURES, "weather"))


def facts(*readings: tuple[int, int, float]) -> MarketFacts:
    """readings: seconds after START, seconds until it was known, degrees."""
    rows = [
        {"instrument_id": 1, "time": START + s * SECOND, "known_at": START + (s + lag) * SECOND, "degrees": d}
        for s, lag, d in readings
    ]
    frames = {name: empty_frame(name) for name in SOURCES}
    return FactsWithWeather(**{**frames, "weather": pl.DataFrame(rows, schema=WEATHER.columns)})


@pytest.mark.usefixtures("_weather")
def test_a_decision_sees_the_last_reading_that_was_known() -> None:
    moments = [START + timedelta(seconds=s) for s in (30, 62, 130, 720)]
    market = facts((0, 1, 20.0), (60, 1, 21.0), (120, 600, 22.0))
    found = feature_matrix(market, decisions_at(moments, (1,)), ["weather"])["weather"]
    assert found.to_list() == [40.0, 42.0, 42.0, 44.0]


@pytest.mark.usefixtures("_weather")
def test_it_is_cut_by_known_at_and_read_from_its_anchor() -> None:
    assert facts((0, 1, 20.0), (60, 1, 21.0)).known_by(START + MINUTE).of("weather").height == 1
    assert anchor(START + 5 * HOUR, {"weather": WEATHER}) == {"weather": START - HOUR}
