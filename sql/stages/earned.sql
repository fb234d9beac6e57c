-- What the positions of a run have earned so far, fees and funding included, USDT.
SELECT coalesce(sum(net_pnl_usd), 0) AS net_pnl_usd FROM hydra.positions WHERE run_id = %(run_id)s
