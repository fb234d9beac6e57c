-- The staging table for a backtest's equity, amounts in hundred-millionths of a USDT.
CREATE TEMP TABLE backtest_equity (
    time timestamptz NOT NULL,
    cash_e8 bigint NOT NULL,
    unrealised_e8 bigint NOT NULL,
    day_peak_e8 bigint NOT NULL,
    peak_e8 bigint NOT NULL,
    exposure_e8 bigint NOT NULL,
    portfolio_heat double precision NOT NULL,
    stale_positions smallint NOT NULL
) ON COMMIT DROP;
