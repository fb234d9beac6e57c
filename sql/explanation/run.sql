-- What a run came to, as rows with ids: itself, its closed trades counted, its newest trades, what stopped its signals,
-- its kill switches, its newest equity.
WITH trades AS (
    SELECT p.*, i.symbol FROM hydra.positions AS p JOIN market.instruments AS i USING (instrument_id)
    WHERE p.run_id = %(run_id)s
), newest AS (
    SELECT * FROM trades ORDER BY opened_time DESC LIMIT 20
), vetoes AS (
    SELECT reason_code, count(*) AS verdicts FROM hydra.risk_decisions
    WHERE run_id = %(run_id)s AND NOT approved GROUP BY reason_code ORDER BY verdicts DESC LIMIT 10
), found AS (
    SELECT 1 AS place, 'run' AS row_id, to_jsonb(r) - '{config,config_hash,readings_hash,data_hash}'::text[] AS columns
    FROM hydra.runs AS r WHERE r.run_id = %(run_id)s
    UNION ALL
    SELECT 2, 'closed trades', jsonb_build_object(
        'trades', count(*), 'won', count(*) FILTER (WHERE net_pnl_usd > 0), 'lost', count(*) FILTER (WHERE net_pnl_usd < 0),
        'gross_pnl_usd', sum(gross_pnl_usd), 'fees_usd', sum(fees_usd), 'funding_usd', sum(funding_usd),
        'net_pnl_usd', sum(net_pnl_usd), 'best_net_pnl_usd', max(net_pnl_usd), 'worst_net_pnl_usd', min(net_pnl_usd)
    )
    FROM trades WHERE state = 'CLOSED'
    UNION ALL
    SELECT 3, 'position ' || n.position_id, to_jsonb(n) FROM newest AS n
    UNION ALL
    SELECT 4, 'vetoes ' || v.reason_code, to_jsonb(v) FROM vetoes AS v
    UNION ALL
    SELECT 5, 'kill switch ' || k.kill_id, to_jsonb(k) FROM hydra.kill_switch AS k WHERE k.run_id = %(run_id)s
    UNION ALL
    SELECT 6, 'newest equity', to_jsonb(e) FROM (
        SELECT * FROM hydra.equity WHERE run_id = %(run_id)s ORDER BY time DESC LIMIT 1
    ) AS e
)
SELECT row_id, columns FROM found ORDER BY place, row_id;
