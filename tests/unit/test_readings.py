"""The list of readings: complete, hashed over what was decided, rendered, and shown by real tests."""

import re
from pathlib import Path

import pytest

from hydra import readings
from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT
from hydra.readings import Reading, load_readings
from hydra.settings import Settings

BUILT = [reading for reading in load_readings() if reading.built]


def test_ids_ascend_and_are_unique() -> None:
    ids = [reading.id for reading in load_readings()]
    assert all(re.fullmatch(r"C\d{2,3}", name) for name in ids)
    assert ids == sorted(set(ids), key=lambda name: int(name[1:]))


@pytest.mark.parametrize("reading", BUILT, ids=lambda reading: reading.id)
def test_a_built_reading_names_a_test_that_exists(reading: Reading) -> None:
    path, _, function = reading.test.partition("::")
    text = (PROJECT_ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^\s*def {re.escape(function)}\(", text, flags=re.MULTILINE), reading.test


def test_a_reading_that_is_not_built_names_no_test() -> None:
    assert [reading.id for reading in load_readings() if reading.test and not reading.built] == []


@pytest.mark.parametrize("reading", [item for item in BUILT if item.setting], ids=lambda reading: reading.id)
def test_the_setting_of_a_built_reading_exists(reading: Reading) -> None:
    assert reading.setting in Settings.attribute_by_key()


@pytest.mark.parametrize("reading", [item for item in BUILT if item.setting], ids=lambda reading: reading.id)
def test_the_setting_of_a_built_reading_has_its_default(reading: Reading) -> None:
    default = Settings.model_fields[Settings.attribute_by_key()[reading.setting]].default
    if isinstance(default, float):
        assert float(reading.default) == default
    else:
        assert reading.default == str(default).lower()


def test_the_document_is_up_to_date() -> None:
    assert readings.rendered() == readings.DOCUMENT.read_text(encoding="utf-8"), (
        "run python -m hydra.readings"
    )


def test_the_hash_changes_with_a_reading_and_not_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hash_of(text: str) -> str:
        path = tmp_path / "readings.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(readings, "READINGS_FILE", path)
        load_readings.cache_clear()
        return readings.readings_hash()

    entry = '[[reading]]\nid = "C01"\ntopic = "t"\nquestion = "q"\nreading = "r"\nreason = "why"\n'
    try:
        assert hash_of(entry) == hash_of(entry.replace("why", "because"))
        assert hash_of(entry) != hash_of(entry.replace('"r"', '"other"'))
        with pytest.raises(StopError, match="C01 stands twice"):
            hash_of(entry + entry)
        with pytest.raises(StopError, match="raeding"):
            hash_of(entry.replace("reading =", "raeding ="))
    finally:
        monkeypatch.undo()
        load_readings.cache_clear()
