-- From a database of revision 0014 to the schema of sql/schema. Not run for empty databases: they are built from
-- sql/schema.

ALTER TABLE hydra.orders
ADD COLUMN sent_time TIMESTAMP WITH TIME ZONE,
ADD COLUMN cancel_wanted_time TIMESTAMP WITH TIME ZONE,
ADD COLUMN child_order_id TEXT;
COMMENT ON COLUMN hydra.orders.exchange_order_id IS
'The exchange''s id, of stops and targets that in its store of conditional orders; null until it answered, and on paper';
COMMENT ON COLUMN hydra.orders.child_order_id IS
'The exchange''s id of the ordinary order that a stop or target became when it was triggered; null: it was not';
COMMENT ON COLUMN hydra.orders.sent_time IS
'When the exchange was called, its clock; committed before the call. Null: it never was, so the exchange has no such order';
COMMENT ON COLUMN hydra.orders.cancel_wanted_time IS
'Since when it shall be cancelled, run''s clock; it works until the exchange says that it has ended';

ALTER TABLE hydra.fills DROP CONSTRAINT fills_evidence_check;
ALTER TABLE hydra.fills
ADD CONSTRAINT fills_evidence_check CHECK (evidence IN ('BAR', 'BOOK', 'EXCHANGE'));
COMMENT ON COLUMN hydra.fills.trade_id IS
'The exchange''s id of the trade, unique in its symbol: no trade is booked twice; on paper the order''s id and a number';
COMMENT ON COLUMN hydra.fills.evidence IS
'What says that it filled: EXCHANGE: its list of trades; on paper BAR: the minute''s bar (C126), or BOOK: recorded trades behind the recorded order book''s queue';

COMMENT ON COLUMN hydra.positions.peak_quantity IS 'All that was entered, base units';
COMMENT ON COLUMN hydra.locks.name IS
'What is locked: run N, execution N, import, audits, generated market, terms, alerts';
