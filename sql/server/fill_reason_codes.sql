-- Updates hydra.reason_codes from the code; codes that are no longer used stay for the rows that have them.
INSERT INTO hydra.reason_codes AS stored (code, gate, words)
VALUES (%(code)s, %(gate)s, %(words)s)
ON CONFLICT (code) DO UPDATE SET gate = excluded.gate, words = excluded.words
WHERE (stored.gate, stored.words) IS DISTINCT FROM (excluded.gate, excluded.words);
