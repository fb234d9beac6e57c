-- Was a file with these bytes imported before this one?
SELECT EXISTS (
    SELECT FROM market.import_batches WHERE sha256 = %(sha256)s AND batch_id < %(batch_id)s
);
