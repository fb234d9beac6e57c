-- From a database of revision 0014 to the schema of sql/schema; sql/schema/reconciliation.sql is run beside it.
-- Not run for empty databases: they are built from sql/schema.

-- Fills that the exchange itself reports.
ALTER TABLE hydra.fills
    DROP CONSTRAINT fills_evidence_check,
    ADD CONSTRAINT fills_evidence_check CHECK (evidence IN ('BAR', 'BOOK', 'EXCHANGE'));
COMMENT ON COLUMN hydra.fills.evidence IS
'What says that it filled: BAR: the minute''s bar (C126); BOOK: recorded trades behind the book''s queue; EXCHANGE: its trade';
-- Each comparison asks whose orders the exchange's trades are of.
CREATE INDEX orders_exchange_order_id_idx ON hydra.orders (exchange_order_id) WHERE exchange_order_id IS NOT NULL;
