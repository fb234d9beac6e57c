"""Fills hydra.reason_codes, to which every column of reason codes refers."""

import psycopg

from hydra.db import queries
from hydra.reason_words import GATES, WORDS


def store_reason_codes(connection: psycopg.Connection) -> None:
    """Add codes that are new and words that changed; codes that are no longer given stay for their rows."""
    rows = [{"code": code.value, "gate": GATES[code].value, "words": words} for code, words in WORDS.items()]
    with connection.cursor() as cursor:
        cursor.executemany(queries.load("server/fill_reason_codes"), rows)
