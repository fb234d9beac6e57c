-- The tables of schema market that hold rows of instruments.
SELECT columns.table_name
FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE columns.table_schema = 'market' AND columns.column_name = 'instrument_id'
    AND tables.table_type = 'BASE TABLE' AND columns.table_name <> 'instruments'
ORDER BY columns.table_name
