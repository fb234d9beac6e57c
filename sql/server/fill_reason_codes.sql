-- Brings hydra.reason_codes to what the code says; codes that it no longer gives stay for the rows that have them.
INSERT INTO hydra.reason_codes AS stored (code, gate, words)
VALUES (%(code)s, %(gate)s, %(words)s)
ON CONFLICT (code) DO UPDATE SET gate = excluded.gate, words = excluded.words
WHERE (stored.gate, stored.words) IS DISTINCT FROM (excluded.gate, excluded.words);
