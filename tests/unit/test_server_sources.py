"""The server's packages come from the machine's own mirror, whichever way apt's sources are written."""

from pathlib import Path

import pytest

from hydra.db.server.packages import without_password
from hydra.db.server.sources import AptSource, candidates, parse_deb822, parse_one_line, read_sources

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"


def test_a_one_line_source_keeps_its_key() -> None:
    (source,) = parse_one_line(
        f"# main\ndeb [arch=amd64 signed-by={KEY}] http://m.test/debian bookworm main non-free\n"
    )
    assert source == AptSource(
        "http://m.test/debian", ("bookworm",), ("main", "non-free"), (f"Signed-By: {KEY}",)
    )


@pytest.mark.parametrize(
    "line", ["deb-src http://m.test/debian bookworm main", "#deb http://m.test/d b c", ""]
)
def test_lines_that_are_no_binary_source_are_passed_over(line: str) -> None:
    assert list(parse_one_line(line)) == []


def test_a_deb822_source_gives_one_place_for_each_address() -> None:
    text = "Types: deb deb-src\n# note\nURIs: http://a.test/debian http://b.test/debian\n"
    found = list(parse_deb822(text + "Suites: bookworm bookworm-updates\nComponents: main\n"))
    assert [source.uri for source in found] == ["http://a.test/debian", "http://b.test/debian"]
    assert found[0].suites == ("bookworm", "bookworm-updates")


def test_a_key_inside_a_deb822_source_is_kept_whole() -> None:
    text = "Types: deb\nURIs: http://a.test/d\nSuites: bookworm\nComponents: main\n"
    (source,) = parse_deb822(text + "Signed-By:\n -----BEGIN\n .\n AAA\n")
    assert source.entry("trixie").endswith("Signed-By: \n -----BEGIN\n .\n AAA\n")


def test_a_disabled_deb822_source_is_passed_over() -> None:
    text = "Types: deb\nEnabled: no\nURIs: http://a.test/d\nSuites: bookworm\nComponents: main\n"
    assert list(parse_deb822(text)) == []


def test_security_and_foreign_sources_are_no_candidates() -> None:
    sources = [
        AptSource("http://m.test/debian-security", ("bookworm-security",), ("main",)),
        AptSource("http://vendor.test/apt", ("nodistro",), ("contrib",)),
        AptSource("http://m.test/debian", ("bookworm", "bookworm-updates"), ("main",)),
    ]
    assert [source.uri for source in candidates(sources)] == ["http://m.test/debian"]


def test_behind_a_dated_snapshot_its_host_is_tried_undated() -> None:
    dated = AptSource("http://m.test/archive/debian/20230501T000000Z/", ("bookworm",), ("main",))
    assert [source.uri for source in candidates([dated])] == [
        "http://m.test/archive/debian/20230501T000000Z/",
        "http://m.test/archive/debian",
        "http://m.test/debian",
    ]


def test_each_place_is_tried_once() -> None:
    twice = [AptSource("http://m.test/debian", ("bookworm",), ("main",))] * 2
    assert len(candidates(twice)) == 1


def test_both_formats_are_read_from_a_folder(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.test/debian bookworm main\n")
    deb822 = "Types: deb\nURIs: http://b.test/debian\nSuites: bookworm\nComponents: main\n"
    (parts / "b.sources").write_text(deb822)
    (parts / "c.list.disabled").write_text("deb http://c.test/debian bookworm main\n")
    assert [source.uri for source in read_sources(tmp_path)] == [
        "http://a.test/debian",
        "http://b.test/debian",
    ]


def test_a_mirrors_password_is_not_shown() -> None:
    assert without_password("https://user:secret@m.test/debian") == "https://m.test/debian"
