-- How many imports have there been? An import brings facts whose known_at lies in the past.
SELECT count(*) AS imports FROM market.import_batches
