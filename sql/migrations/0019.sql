-- From a database of revision 0018 to the schema of sql/schema; sql/schema/audit_positions.sql is run after it.
-- Not run for empty databases: they are built from sql/schema.

ALTER TABLE hydra.orders
ADD COLUMN closes_position BOOLEAN DEFAULT false NOT NULL,
DROP CONSTRAINT orders_quantity_check,
ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0 AND filled_quantity >= 0
    AND (filled_quantity <= quantity OR closes_position));
COMMENT ON COLUMN hydra.orders.closes_position IS
'A stop that closes all that is held when it fires, also while an exit rests in the book; sent without a quantity';
