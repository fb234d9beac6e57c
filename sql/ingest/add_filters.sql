-- Adds the order filters of an instrument as of a date, unless they are there.
INSERT INTO market.instrument_filters (
    instrument_id, valid_from, tick_size, step_size, min_quantity, max_quantity, max_market_quantity,
    min_notional_usd, funding_interval_hours, source, funding_rate_cap, funding_rate_floor,
    price_multiplier_up, price_multiplier_down, is_trading
)
VALUES (
    %(instrument_id)s, %(valid_from)s, %(tick_size)s, %(step_size)s, %(min_quantity)s, %(max_quantity)s,
    %(max_market_quantity)s, %(min_notional_usd)s, %(funding_interval_hours)s, %(source)s,
    %(funding_rate_cap)s, %(funding_rate_floor)s, %(price_multiplier_up)s, %(price_multiplier_down)s,
    %(is_trading)s
)
ON CONFLICT DO NOTHING;
