-- Where the files of tables and indexes are, and what their sizes follow from.
SELECT c.oid::pg_catalog.int8 AS oid, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name, c.relkind::pg_catalog.text AS kind,
       COALESCE(pg_catalog.pg_relation_filepath(c.oid), '') AS path, COALESCE(m.amname::pg_catalog.text, '') AS method,
       COALESCE(i.indrelid, 0)::pg_catalog.int8 AS relation,
       COALESCE(i.indisunique, false) AS is_unique, i.indpred IS NOT NULL AS partial,
       EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')) AS fixed,
       COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('key', a.attnum <= i.indnkeyatts, 'length', a.attlen,
                   'alignment', CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END,
                   'width', s.stawidth, 'distinct', s.stadistinct, 'null_share', s.stanullfrac,
                   'merges', NOT a.atttypid = ANY (ARRAY[700, 701, 1700, 3802]::pg_catalog.oid[])) ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute AS a
                   LEFT JOIN pg_catalog.pg_statistic AS s
                     ON s.starelid = CASE WHEN i.indkey[a.attnum - 1] = 0 THEN c.oid ELSE i.indrelid END
                    AND s.staattnum = CASE WHEN i.indkey[a.attnum - 1] = 0 THEN a.attnum ELSE i.indkey[a.attnum - 1] END AND NOT s.stainherit
                  WHERE a.attrelid = c.oid), '[]')::pg_catalog.text AS columns
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'i', 'I') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1 = '' OR c.relname LIKE $1)
