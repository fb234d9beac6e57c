"""A secret reaches neither a parameter nor a row: what --set gives is stored with every trial."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.backtest.run import MarketChoice
from hydra.domain import MarketOrigin
from hydra.errors import SettingsError
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.research.studies import SPECIFICATION, StudySpecification
from hydra.research.sweep import expand
from hydra.settings import Settings, load_settings, redacted_by_settings
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import recorded_settings

SECRET_KEYS = sorted(key for key, name in Settings.attribute_by_key().items() if name in Settings.secrets())
SECRETS = st.text("abcXYZ019-_", min_size=8, max_size=20).map(lambda text: f"s3cr3t{text}")
CHOICE = MarketChoice(
    MarketOrigin.GENERATED,
    1,
    (1,),
    (),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=UTC),
    (),
)


def test_every_key_and_password_is_a_secret() -> None:
    assert SECRET_KEYS == [
        "ALERT_URLS", "ALERT_WEBHOOK_SECRET", "ALERT_WEBHOOK_URL", "ANTHROPIC_API_KEY", "BINANCE_API_KEY",
        "BINANCE_API_SECRET", "COINGLASS_API_KEY", "CRYPTOCOMPARE_API_KEY", "HYDRA_BROKER_URL",
        "HYDRA_DATABASE_URL", "HYDRA_OWNER_PASSWORD", "HYDRA_READER_PASSWORD", "HYDRA_WORKER_PASSWORD",
        "OPENAI_API_KEY",
    ]  # fmt: skip


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.title])
def test_a_secret_is_refused_as_a_parameter(key: str, spelled: object) -> None:
    written = spelled(key)  # type: ignore[operator]
    for texts in ([f"{written}=hush"], [f" {written} = hush,hush2"], [f"{written}=hush", f"{written}=hush2"]):
        for parse in (parse_assignments, expand):
            with pytest.raises(SettingsError, match="secrets are no parameters") as caught:
                parse(texts)
            assert "hush" not in str(caught.value)
    with pytest.raises(SettingsError, match="secrets are no parameters"):
        settings_and_rules({written: "hush"}, ())


@pytest.mark.parametrize(
    "text", ["BINANCE_API_SECRET hush", "BINANCE_API_SECRT=hush", "=hush", "api-key:hush"]
)
def test_a_misspelt_secret_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_and_rules(parse_assignments([text]), ())
    assert "hush" not in str(caught.value)


@given(values=st.lists(SECRETS, min_size=len(SECRET_KEYS), max_size=len(SECRET_KEYS), unique=True))
def test_no_secret_reaches_the_record_of_a_run_or_a_study(values: list[str]) -> None:
    given_secrets = dict(zip(SECRET_KEYS, values, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        for key, value in given_secrets.items():
            patch.setenv(key, value)
        settings = load_settings(Path("no-such-file.env"))
        recorded = recorded_settings(settings)
        study = StudySpecification.under(recorded, CHOICE, {}, [{"MAX_POSITIONS": "3"}])
        texts = [
            json.dumps(recorded),
            json.dumps(recorded_rules(rules_of(settings, ()))),
            json.dumps(SPECIFICATION.dump_python(study, mode="json")),
            str(list(settings.described())),
            repr(settings),
            redacted_by_settings(f"the driver said: {' '.join(values)}"),
        ]
    assert not [value for value in values for text in texts if value in text]
