-- Brings the rollups of a source up to date over all of its rows (Apache edition).
SELECT {function}(NULL, min(time), max(time)) FROM {table}
