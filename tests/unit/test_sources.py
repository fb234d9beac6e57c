"""Every `Source:` names something that a reader of this repository can open."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from hydra.features.catalogue import FAMILIES
from hydra.paths import PROJECT_ROOT
from hydra.readings import load_readings

ROOMS: Final = ("hydra", "workers", "migrations", "sql", "tests")
DOCUMENTS: Final = PROJECT_ROOT / "docs"

# A source in a string of a test, after a written line break, is none of this repository.
SOURCE: Final = re.compile(
    r'(?<!\\n    )Source: (.*?)(?=\n\s*\n|"""|\n\s*(?:-- )?[A-Z][a-z]+:|\Z)', re.DOTALL
)
READINGS: Final = re.compile(r"C\d{2,3}(?:(?:, | to | and )C\d{2,3})*")
LAWS: Final = re.compile(r"docs/architecture\.md, laws? (\d+(?:(?:, | and | to )\d+)*)")
SECTION: Final = re.compile(r'docs/(\w+\.md)(?:, "?([^"]+)"?)?')
OWNERS_DOCUMENT: Final = re.compile(r'((?:layers|ML|README|strategy|engine) document), "?([^"]+)"?')


def sources() -> Iterator[tuple[str, str]]:
    """Where a source is named, and the clauses that it consists of, without what stands in brackets."""
    for room in ROOMS:
        for path in sorted((PROJECT_ROOT / room).rglob("*")):
            if path.suffix in {".py", ".sql"} and path != Path(__file__):
                text = path.read_text(encoding="utf-8")
                yield from ((str(path), one) for found in SOURCE.finditer(text) for one in clauses(found[1]))
    for features in FAMILIES.values():
        for feature in features:
            yield from ((f"feature {feature.name}", one) for one in clauses(feature.source))


def clauses(text: str) -> list[str]:
    """`text` at its semicolons, on one line, without brackets and the full stop at the end."""
    plain = re.sub(r" ?\([^()]*\)", "", re.sub(r"\s*\n\s*(?:-- )?", " ", text))
    return [clause.strip().rstrip(".") for clause in plain.split(";") if clause.strip(" .")]


def resolves(clause: str) -> bool:
    """Whether the readings, a document of docs/ or docs/sources.md has what `clause` names."""
    if READINGS.fullmatch(clause):
        return set(re.findall(r"C\d+", clause)) <= {reading.id for reading in load_readings()}
    if found := LAWS.fullmatch(clause):
        laws = document("architecture.md")
        return all(f"\n{number}. **" in laws for number in re.findall(r"\d+", found[1]))
    if found := SECTION.fullmatch(clause):
        return (DOCUMENTS / found[1]).exists() and (
            found[2] is None
            or re.search(rf"^#+ {re.escape(found[2])}$", document(found[1]), re.MULTILINE) is not None
        )
    if found := OWNERS_DOCUMENT.fullmatch(clause):
        row = next(line for line in document("sources.md").splitlines() if line.startswith(f"| {found[1]}"))
        return found[2] in [name.strip() for name in row.split("|")[3].split(",")]
    return f"| {clause} |" in document("sources.md")


@cache
def document(name: str) -> str:
    """The text of a document of docs/."""
    return (DOCUMENTS / name).read_text(encoding="utf-8")


def test_every_source_resolves() -> None:
    unresolved = sorted({f"{place}: {clause}" for place, clause in sources() if not resolves(clause)})
    assert not unresolved, "\n".join(unresolved)


def test_a_source_that_is_nowhere_does_not_resolve() -> None:
    for clause in ("C999", "docs/nowhere.md", 'docs/practice.md, "Alchemy"', "docs/architecture.md, law 11",
                   'layers document, "LAYER 6"', "somebody 1999"):  # fmt: skip
        assert not resolves(clause), clause
