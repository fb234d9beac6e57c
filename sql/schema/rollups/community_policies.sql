-- Background refresh of the continuous aggregates.
-- The end offset excludes open buckets, which are computed when read. Rows that arrive later than the start offset
-- come from imports, which refresh their own range.

SELECT add_continuous_aggregate_policy('market.candles_5m_rollup', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.candles_15m', start_offset => interval '2 days',
    end_offset => interval '30 minutes', schedule_interval => interval '15 minutes');
SELECT add_continuous_aggregate_policy('market.candles_1h', start_offset => interval '3 days',
    end_offset => interval '2 hours', schedule_interval => interval '30 minutes');
SELECT add_continuous_aggregate_policy('market.candles_4h', start_offset => interval '7 days',
    end_offset => interval '8 hours', schedule_interval => interval '1 hour');
SELECT add_continuous_aggregate_policy('market.liquidations_1m', start_offset => interval '2 days',
    end_offset => interval '2 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.liquidations_5m', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.open_interest_5m_buckets', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.trade_flow_1m', start_offset => interval '2 days',
    end_offset => interval '2 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.trade_flow_5m', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.order_book_1m', start_offset => interval '2 days',
    end_offset => interval '2 minutes', schedule_interval => interval '5 minutes');
