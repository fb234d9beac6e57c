-- Undoes 0001: the schema market with all its facts.

DROP SCHEMA market CASCADE;
