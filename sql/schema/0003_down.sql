-- Undoes 0003: the schema hydra with all decisions.

DROP SCHEMA hydra CASCADE;
