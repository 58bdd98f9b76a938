-- Printing an expression opens its table: where that is locked, the expression is left out instead of waited for.
WITH w AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT c.oid::pg_catalog.int8 AS relation, pg_catalog.left(pg_catalog.pg_get_viewdef(c.oid), 100000) AS definition
  FROM w CROSS JOIN pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND c.oid <> ALL (w.locked) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY c.oid
