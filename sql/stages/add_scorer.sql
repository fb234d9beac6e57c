-- Notes what scores a run from a minute on. A minute that is decided again has one row.
INSERT INTO hydra.run_scorers (run_id, time, wanted, score_kind, sha256, complaint)
VALUES (%(run_id)s, %(time)s, %(wanted)s, %(score_kind)s, %(sha256)s, %(complaint)s);
