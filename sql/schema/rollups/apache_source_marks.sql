-- The triggers on the facts that mark the minutes whose rollups have to be refreshed on the Apache edition.
CREATE TRIGGER rollups_after_insert AFTER INSERT ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.mark_rollups({name});
CREATE TRIGGER rollups_after_update_new AFTER UPDATE ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.mark_rollups({name});
CREATE TRIGGER rollups_after_update_old AFTER UPDATE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.mark_rollups({name});
CREATE TRIGGER rollups_after_delete AFTER DELETE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.mark_rollups({name});
