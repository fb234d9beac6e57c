-- May the connected owner add schemas here, and does everything of HYDRA belong to it?
SELECT
    has_database_privilege(current_user, current_database(), 'CREATE')
    AND has_schema_privilege(current_user, 'public', 'CREATE')
    AND NOT EXISTS (
        SELECT FROM pg_namespace
        WHERE nspname IN ('market', 'hydra', 'ml', 'audit', 'messages', 'doorbells')
            AND nspowner <> current_user::regrole
    );
