-- A foreign key whose triggers are switched off is declared and not enforced. Nothing here is joined by other than an index
-- or a hash, whatever the planner believes of catalogs that were never analysed.
-- Printing an expression opens its table: where that is locked, the expression is left out instead of waited for.
WITH w AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT k.conrelid::pg_catalog.int8 AS relation, k.conname::pg_catalog.text AS name, k.contype::pg_catalog.text AS kind,
       k.condeferrable AS deferrable, k.convalidated AS validated, k.conenforced AS enforced,
       k.oid IN (SELECT t.tgconstraint FROM pg_catalog.pg_trigger AS t WHERE t.tgisinternal AND t.tgenabled = 'D') AS disabled,
       k.conkey::pg_catalog.int8[] AS columns, k.confrelid::pg_catalog.int8 AS target, k.confkey::pg_catalog.int8[] AS target_columns,
       k.confupdtype::pg_catalog.text AS on_update, k.confdeltype::pg_catalog.text AS on_delete,
       k.conindid::pg_catalog.int8 AS index,
       CASE WHEN k.conrelid = ANY (w.locked) THEN NULL
            WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid)
            WHEN k.contype = 'x' THEN pg_catalog.pg_get_constraintdef(k.oid) END AS expression
  FROM w CROSS JOIN pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE (k.contype IN ('p', 'u', 'f', 'c', 'x') OR (k.contype = 'n' AND NOT k.convalidated))
   AND k.conrelid BETWEEN $1 AND $2 AND c.oid BETWEEN $1 AND $2 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   -- of a key that refers to a partitioned table, the server keeps one more entry for each partition
   AND (k.conparentid = 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o WHERE o.oid = k.conparentid AND o.conrelid = k.conrelid))
 ORDER BY k.conrelid, k.contype, k.conname
