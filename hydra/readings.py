"""Which reading HYDRA builds where its source documents disagree: the list, its hash, its rendering.

`python -m hydra.readings` writes docs/readings.md.
"""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Final

from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT

READINGS_FILE: Final = PROJECT_ROOT / "hydra" / "readings.toml"
DOCUMENT: Final = PROJECT_ROOT / "docs" / "readings.md"


@dataclass(frozen=True)
class Reading:
    """One reading. `test` (file::function) shows it once it is built; `setting` turns it over."""

    id: str
    topic: str
    question: str
    reading: str
    reason: str
    setting: str = ""
    default: str = ""
    test: str = ""
    built: bool = False


@cache
def load_readings() -> tuple[Reading, ...]:
    """All readings, in the order of the file.

    Raises:
        StopError: an entry has an unknown or missing key, or an id stands twice.
    """
    content = tomllib.loads(READINGS_FILE.read_text(encoding="utf-8"))
    try:
        readings = tuple(Reading(**entry) for entry in content["reading"])
    except TypeError as error:
        raise StopError(f"{READINGS_FILE.name}: {error}; compare with the entries around it") from error
    ids = [reading.id for reading in readings]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise StopError(f"{READINGS_FILE.name}: {', '.join(repeated)} stands twice; ids are never reused")
    return readings


def readings_hash() -> str:
    """Hash over what was decided (not over why): the `readings_hash` of runs and manifests."""
    content = [(item.id, item.reading, item.setting, item.default) for item in load_readings()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def rendered() -> str:
    """Every reading with question, choice and reason, as docs/readings.md."""
    names = tomllib.loads(READINGS_FILE.read_text(encoding="utf-8"))["documents"]
    lines = [
        "# Where the source documents disagree",
        "",
        "Rendered from `hydra/readings.toml`. HYDRA was specified in five documents: "
        + ", ".join(f"{short} ({name})" for short, name in names.items())
        + ".",
        "A reading marked *built* is shown by the test named beside it; the others belong to parts to come.",
    ]
    topic = ""
    for item in load_readings():
        if item.topic != topic:
            topic = item.topic
            lines += ["", f"## {topic}", "", "| id | question | reading | reason | setting | state |"]
            lines += ["| --- | --- | --- | --- | --- | --- |"]
        state = f"built: `{item.test}`" if item.built else "planned"
        cells = (item.id, item.question, item.reading, item.reason, _setting(item), state)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _setting(item: Reading) -> str:
    return f"`{item.setting}={item.default}`" if item.setting else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write() -> None:
    """Bring the document up to date."""
    DOCUMENT.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    write()
