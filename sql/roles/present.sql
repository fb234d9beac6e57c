-- Who is connected, may this user create roles, and which roles of HYDRA does the server have?
SELECT
    current_user::text,
    (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user),
    ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN ('hydra_owner', 'hydra_worker', 'hydra_reader'))
