-- Adds one leverage bracket of an instrument as of a date, unless it is there.
INSERT INTO market.leverage_brackets (
    instrument_id, valid_from, bracket, notional_floor_usd, notional_cap_usd, maintenance_margin_rate,
    cumulative_usd, initial_leverage, source
)
VALUES (
    %(instrument_id)s, %(valid_from)s, %(bracket)s, %(notional_floor_usd)s, %(notional_cap_usd)s,
    %(maintenance_margin_rate)s, %(cumulative_usd)s, %(initial_leverage)s, %(source)s
)
ON CONFLICT DO NOTHING;
