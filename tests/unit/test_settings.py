"""Settings: typed, frozen, unknown keys refused, secrets never shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from hydra.errors import SettingsError
from hydra.paths import PROJECT_ROOT
from hydra.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in Settings.attribute_by_key():
        monkeypatch.delenv(key, raising=False)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / ".env"
    path.write_text(text)
    return path


def test_defaults_are_those_the_sources_print(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / ".env")
    assert settings.trading_mode == "paper"
    assert settings.binance_testnet is True
    assert (settings.initial_balance, settings.max_leverage) == (10_000.0, 10.0)
    assert (settings.max_position_size_usd, settings.max_total_exposure_usd) == (10_000.0, 50_000.0)
    assert (settings.max_positions, settings.risk_per_trade_pct) == (5, 1.0)
    assert (settings.ml_score_threshold, settings.min_signal_confidence) == (0.45, 0.50)
    assert settings.llm_model is None


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "MAX_POSITIONS=3\nMAX_LEVERAGE=4\n")
    monkeypatch.setenv("MAX_LEVERAGE", "7")
    settings = load_settings(path)
    assert (settings.max_positions, settings.max_leverage) == (3, 7.0)


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MAX_LEVERGE is not a setting \(did you mean MAX_LEVERAGE\?\)"):
        load_settings(write(tmp_path, "MAX_LEVERGE=5\n"))


def test_an_unknown_hydra_variable_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_DATABSE_URL", "postgresql://x")
    with pytest.raises(SettingsError, match=r"HYDRA_DATABSE_URL .*did you mean HYDRA_DATABASE_URL"):
        load_settings(tmp_path / ".env")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("INITIAL_BALANCE=-1", "INITIAL_BALANCE"),
        ("ML_SCORE_THRESHOLD=45", "ML_SCORE_THRESHOLD"),
        ("MAX_LEVERAGE=0.5", "MAX_LEVERAGE"),
        ("TRADING_MODE=casino", "TRADING_MODE"),
        ("MAX_POSITIONS=two", "MAX_POSITIONS"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(tmp_path: Path, line: str, key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        load_settings(write(tmp_path, line + "\n"))


def test_settings_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / ".env")
    with pytest.raises(ValidationError):
        settings.max_leverage = 100.0


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    path = write(tmp_path, "BINANCE_API_SECRET=hush\nHYDRA_DATABASE_URL=postgresql://u:hush@localhost/x\n")
    settings = load_settings(path)
    shown = {key: value for key, value, _ in settings.described()}
    assert shown["BINANCE_API_SECRET"] == "set"
    assert shown["HYDRA_DATABASE_URL"] == "set"
    assert shown["BINANCE_API_KEY"] == "not set"
    assert "hush" not in repr(settings) + str(shown)


def test_a_wrong_secret_is_not_quoted_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, "BINANCE_API_SECRET=hush\nMAX_LEVERAGE=hush-too\n"))
    assert "hush" not in str(caught.value)


def test_the_example_file_names_every_setting_and_no_other() -> None:
    example = PROJECT_ROOT / ".env.example"
    lines = [line.removeprefix("# ") for line in example.read_text().splitlines() if "=" in line]
    assert {line.split("=", 1)[0] for line in lines} == set(Settings.attribute_by_key())
    assert load_settings(example).trading_mode == "paper"
