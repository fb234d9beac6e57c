-- The triggers on the facts that keep their rollups on the Apache edition.
-- A bulk load runs SET LOCAL hydra.rollups = 'deferred' and refreshes once at its end.
CREATE TRIGGER rollups_after_insert AFTER INSERT ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_update_new AFTER UPDATE ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_update_old AFTER UPDATE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_delete AFTER DELETE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
