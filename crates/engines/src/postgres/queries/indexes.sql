-- Operator classes and collations are looked up only for the few indexes that have unusual ones. Printing the definition
-- of an index opens its table: where that is locked, definition and expressions are left out.
WITH unusual AS (
  SELECT ARRAY(SELECT o.oid FROM pg_catalog.pg_opclass AS o WHERE NOT o.opcdefault) AS classes,
         ARRAY['0'::pg_catalog.oid, 'pg_catalog."default"'::pg_catalog.regcollation::pg_catalog.oid] AS usual,
         ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT i.indexrelid::pg_catalog.int8 AS oid, i.indrelid::pg_catalog.int8 AS relation, x.relname::pg_catalog.text AS name,
       m.amname::pg_catalog.text AS method, i.indkey::pg_catalog.int2[]::pg_catalog.int8[] AS columns,
       i.indoption::pg_catalog.int2[]::pg_catalog.int8[] AS options, i.indnkeyatts::pg_catalog.int8 AS key_parts,
       i.indisunique AS is_unique, i.indnullsnotdistinct AS nulls_equal, i.indisvalid AND i.indisready AND i.indislive AS valid,
       i.indisreplident OR i.indisclustered AS replica_identity, x.relkind = 'I' AS partitioned,
       CASE WHEN i.indrelid <> ALL (w.locked) THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS predicate,
       CASE WHEN i.indexprs IS NOT NULL AND i.indrelid <> ALL (w.locked)
            THEN ARRAY(SELECT CASE WHEN i.indkey[s - 1] = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, s, true) END
                         FROM pg_catalog.generate_series(1, i.indnatts) AS s ORDER BY s) END AS expressions,
       CASE WHEN i.indclass::pg_catalog.oid[] && w.classes
            THEN (SELECT pg_catalog.array_agg(CASE WHEN o.opcdefault THEN NULL ELSE o.opcname::pg_catalog.text END ORDER BY u.n)
                    FROM pg_catalog.unnest(i.indclass::pg_catalog.oid[]) WITH ORDINALITY AS u (o, n)
                    JOIN pg_catalog.pg_opclass AS o ON o.oid = u.o) END AS operator_classes,
       CASE WHEN NOT i.indcollation::pg_catalog.oid[] <@ w.usual
            THEN (SELECT pg_catalog.array_agg(CASE WHEN a.attcollation <> u.l THEN l.collname::pg_catalog.text END ORDER BY u.n)
                    FROM pg_catalog.unnest(i.indcollation::pg_catalog.oid[]) WITH ORDINALITY AS u (l, n)
                    LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = u.l
                    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[u.n - 1]) END AS collations,
       CASE WHEN i.indrelid <> ALL (w.locked) THEN pg_catalog.pg_get_indexdef(i.indexrelid) END AS definition,
       k.conname::pg_catalog.text AS "constraint", y.relname::pg_catalog.text AS parent,
       x.reltuples::pg_catalog.float8 AS rows, x.relpages::pg_catalog.int8 AS pages, x.reloptions::pg_catalog.text[] AS storage_options,
       CASE WHEN x.relkind = 'i' AND i.indexrelid <> ALL (w.locked) THEN pg_catalog.pg_relation_size(x.oid) END AS bytes,
       CASE WHEN x.relkind = 'i' THEN pg_catalog.pg_stat_get_numscans(x.oid) END AS scans,
       (EXTRACT(epoch FROM pg_catalog.pg_stat_get_lastscan(x.oid)) * 1000000)::pg_catalog.int8 AS last_scan
  FROM unusual AS w CROSS JOIN pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_catalog.pg_inherits AS e ON e.inhrelid = i.indexrelid
  LEFT JOIN pg_catalog.pg_class AS y ON y.oid = e.inhparent
 WHERE i.indrelid BETWEEN $1 AND $2 AND c.oid BETWEEN $1 AND $2 AND c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY i.indrelid, x.relname
