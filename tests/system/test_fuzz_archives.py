"""A short round of `make fuzz`: mutated archives, none of which may end an import."""

from hydra.db.edition import Edition
from tests.fuzz.archives import attack
from tests.support.servers.databases import TestServer

SEED, COUNT = 11, 100


def test_a_hundred_mutated_archives_get_their_rows_and_the_sound_file_beside_them_comes_in(
    servers: dict[Edition, TestServer],
) -> None:
    with servers[Edition.APACHE].migrated() as url:
        outcome = attack(url, SEED, COUNT)
    assert outcome.complaints == []
    assert sum(outcome.results.values()) == COUNT
    assert {result for _, result in outcome.results} == {"imported", "refused", "not imported"}
