-- Is there a relation, or a function without arguments, of this name?
SELECT coalesce(
    to_regclass(replace(%(name)s, '()', ''))::oid, to_regprocedure(replace(%(name)s, '()', '') || '()')::oid
) IS NOT NULL AS is_there
