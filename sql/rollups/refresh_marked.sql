-- Brings the rollups of the marked minutes that had closed by an instant up to date (Apache edition).
SELECT market.refresh_marked_rollups(%(closed_by)s) AS minutes
