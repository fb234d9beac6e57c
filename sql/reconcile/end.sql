-- A comparison has come to its end; the first one of a run begins the ledger of its wallet.
UPDATE hydra.reconciliations AS r
SET duration_s = %(duration_s)s,
    differences = (SELECT count(*) FROM hydra.account_differences AS d WHERE d.found_in = r.reconciliation_id),
    left_open = (SELECT count(*) FROM hydra.account_differences AS d WHERE d.run_id = r.run_id AND d.mended_time IS NULL),
    wallet_usd = %(wallet_usd)s,
    booked_usd = (SELECT coalesce(sum(net_pnl_usd), 0) FROM hydra.positions AS p WHERE p.run_id = r.run_id),
    begins_ledger = %(begins_ledger)s
        OR NOT EXISTS (SELECT FROM hydra.reconciliations AS l WHERE l.run_id = r.run_id AND l.begins_ledger)
WHERE r.reconciliation_id = %(reconciliation_id)s
RETURNING differences, left_open
