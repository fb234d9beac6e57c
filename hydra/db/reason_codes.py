"""Fills hydra.reason_codes, which every reason-code column references."""

import psycopg

from hydra.db import queries
from hydra.reason_words import GATES, WORDS


def store_reason_codes(connection: psycopg.Connection) -> None:
    """Add new codes and update changed words; unused codes stay for the rows that have them."""
    rows = [{"code": code.value, "gate": GATES[code].value, "words": words} for code, words in WORDS.items()]
    with connection.cursor() as cursor:
        cursor.executemany(queries.load("server/fill_reason_codes"), rows)
