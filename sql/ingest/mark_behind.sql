-- The rollups of these loads are behind where rows came in, whatever another process has said while they went on.
UPDATE market.import_batches SET rollups_fresh = false
WHERE batch_id = ANY (%(batch_ids)s::bigint[]) AND rows_inserted > 0;
