-- Funding and fees of the exchange that differ from our formulas by more than their bound. Must return no rows.
SELECT f.run_id, f.kind, f.symbol, f.transaction_id, f.time, f.amount_usd, f.formula_usd, f.bound_usd
FROM audit.income_by_formula AS f
WHERE abs(f.difference_usd) > f.bound_usd
ORDER BY f.run_id, f.time, f.transaction_id
