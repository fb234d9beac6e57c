"""A column of hydra.risk_decisions is three files: schema, change of older databases, the rule that fills it.

They are changed in a copy of the code; a market is decided live in it, and by the replay of parity.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.paths import PROJECT_ROOT
from tests.support.catalogue import differences, snapshot
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import ON_APACHE_ALONE

pytestmark = ON_APACHE_ALONE

COMMENT = "COMMENT ON COLUMN hydra.risk_decisions.entry_price IS 'Price of the candidate';\n"
ADDED = f"ALTER TABLE hydra.risk_decisions ADD COLUMN entry_price DOUBLE PRECISION;\n{COMMENT}"
LAST_COLUMN = "    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,\n"
CONSTRAINT = "    CONSTRAINT risk_decisions_pkey"
RULE = '        "numbers": _numbers(verdict),\n'
CHANGE = {
    "sql/schema/decisions.sql": [
        (f"{LAST_COLUMN}{CONSTRAINT}", f"{LAST_COLUMN}    entry_price DOUBLE PRECISION,\n{CONSTRAINT}"),
        (
            "COMMENT ON COLUMN hydra.risk_decisions.run_id",
            f"{COMMENT}COMMENT ON COLUMN hydra.risk_decisions.run_id",
        ),
    ],
    "sql/migrations/0012.sql": [("ALTER", f"{ADDED}ALTER")],
    "hydra/trading/decision_rows.py": [
        (RULE, f'{RULE}        "entry_price": verdict.candidate.price if verdict.candidate else None,\n')
    ],
}

RUN = """
import json, sys
from hydra.checks.parity import check_parity
from hydra.db.migrate import upgrade_to_head
from tests.support.backtest_scene import made_scene

upgrade_to_head(sys.argv[1])
with made_scene(sys.argv[1]) as scene:
    filled = "SELECT count(entry_price) FROM hydra.risk_decisions WHERE run_id = %s"
    parity = check_parity(scene.connection, scene.url, scene.live)
    print(json.dumps({
        "filled": scene.connection.execute(filled, (scene.live.run_id,)).fetchone()[0],
        "mismatches": sum(table.result.mismatches for table in parity.tables),
        "left_out": sorted(parity.left_out),
    }))
"""


@pytest.fixture
def changed_code(tmp_path: Path) -> Path:
    for room in ("hydra", "workers", "sql", "migrations", "tests/support"):
        shutil.copytree(PROJECT_ROOT / room, tmp_path / room)
    for name, replaced in CHANGE.items():
        path = tmp_path / name
        text = path.read_text(encoding="utf-8")
        for before, after in replaced:
            assert before in text
            text = text.replace(before, after, 1)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_it_is_filled_and_compared_live_and_in_the_replay(
    changed_code: Path, servers: dict[Edition, TestServer], edition: Edition
) -> None:
    assert len(CHANGE) <= 3
    with servers[edition].empty() as built, servers[edition].migrated() as older:
        done = subprocess.run(
            [sys.executable, "-c", RUN, built],
            cwd=changed_code,
            env={**os.environ, "PYTHONPATH": str(changed_code)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(older) as connection:
            connection.execute(ADDED)
        assert differences(snapshot(built), snapshot(older)) == []
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["filled"] > 0
    assert found["mismatches"] == 0
    assert "risk_decisions.entry_price" not in found["left_out"]
