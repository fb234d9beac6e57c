-- One migration at a time. A reader cannot take this lock, and it keeps nobody from reading the table.
LOCK TABLE public.alembic_version IN EXCLUSIVE MODE;
