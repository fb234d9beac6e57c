-- The revision of the schema: a row, or none while the first migration goes on.
SELECT version_num FROM public.alembic_version
