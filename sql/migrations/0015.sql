-- From a database of revision 0014 to the schema of sql/schema; sql/schema/reconciliation.sql is run beside it.
-- Not run for empty databases: they are built from sql/schema.

-- Fills that the exchange itself reports.
ALTER TABLE hydra.fills
    DROP CONSTRAINT fills_evidence_check,
    ADD CONSTRAINT fills_evidence_check CHECK (evidence IN ('BAR', 'BOOK', 'EXCHANGE'));
COMMENT ON COLUMN hydra.fills.evidence IS
'What says that it filled: BAR: the minute''s bar (C126); BOOK: recorded trades behind the book''s queue; EXCHANGE: its trade';
COMMENT ON COLUMN hydra.fills.trade_id IS
'The exchange''s id of the trade, unique in its symbol: no trade is booked twice; on paper the order''s id and a number';

-- What the process that executes orders has to know after it was killed.
ALTER TABLE hydra.orders
ADD COLUMN sent_time TIMESTAMP WITH TIME ZONE,
ADD COLUMN cancel_wanted_time TIMESTAMP WITH TIME ZONE,
ADD COLUMN child_order_id TEXT;
-- Each comparison asks whose orders the exchange's trades are of.
CREATE INDEX orders_exchange_order_id_idx ON hydra.orders (exchange_order_id) WHERE exchange_order_id IS NOT NULL;
CREATE INDEX orders_child_order_id_idx ON hydra.orders (child_order_id) WHERE child_order_id IS NOT NULL;
COMMENT ON COLUMN hydra.orders.exchange_order_id IS
'The exchange''s id, of stops and targets that in its store of conditional orders; null until it answered, and on paper';
COMMENT ON COLUMN hydra.orders.child_order_id IS
'The exchange''s id of the ordinary order that a stop or target became when it was triggered; null: it was not';
COMMENT ON COLUMN hydra.orders.sent_time IS
'When the exchange was called, its clock; committed before the call. Null: it never was, so the exchange has no such order';
COMMENT ON COLUMN hydra.orders.cancel_wanted_time IS
'Since when it shall be cancelled, run''s clock; it works until the exchange says that it has ended';

COMMENT ON COLUMN hydra.positions.peak_quantity IS 'All that was entered, base units';
COMMENT ON COLUMN hydra.locks.name IS
'What is locked: run N, execution N, import, audits, generated market, terms, alerts';
