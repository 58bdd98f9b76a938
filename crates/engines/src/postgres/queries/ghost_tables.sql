-- Statements that make the tables empty, with what hangs on them. Materialised views become tables: the planner reads them
-- alike. Defaults are left out: no plan depends on them.
WITH owned AS (
  SELECT e.objid FROM pg_catalog.pg_depend AS e
   WHERE e.deptype = 'e' AND e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), ours AS (
  SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relispartition, c.reloptions, c.relpartbound, n.nspname,
         pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND NOT EXISTS (SELECT FROM owned AS o WHERE o.objid = c.oid)
)
SELECT 6 AS step, 'table' AS kind, c.name,
       pg_catalog.format('CREATE %sTABLE %s (%s)%s%s', CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' END, c.name,
         (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s%s%s%s', a.attname,
                   -- The modifiers of types that an extension brings may be unknown to a stub, and no plan depends on them.
                   pg_catalog.format_type(a.atttypid, CASE WHEN x.objid IS NULL THEN a.atttypmod END),
                   (SELECT pg_catalog.format(' COLLATE %I.%I', m.nspname, l.collname) FROM pg_catalog.pg_collation AS l
                      JOIN pg_catalog.pg_namespace AS m ON m.oid = l.collnamespace
                     WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
                   CASE WHEN a.attgenerated <> '' THEN pg_catalog.format(' GENERATED ALWAYS AS (%s) %s', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                                                                         CASE a.attgenerated WHEN 'v' THEN 'VIRTUAL' ELSE 'STORED' END) END,
                   CASE WHEN a.attnotnull THEN ' NOT NULL' END), ', ' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
            LEFT JOIN pg_catalog.pg_depend AS x ON x.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND x.objid = a.atttypid AND x.deptype = 'e'
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
         CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) END,
         CASE WHEN c.reloptions IS NOT NULL AND c.relkind <> 'p' THEN pg_catalog.format(' WITH (%s)', pg_catalog.array_to_string(c.reloptions, ', ')) END) AS statement
  FROM ours AS c
UNION ALL
SELECT 7, 'partition', c.name,
       CASE WHEN c.relispartition THEN pg_catalog.format('ALTER TABLE ONLY %I.%I ATTACH PARTITION %s %s', n.nspname, p.relname, c.name, pg_catalog.pg_get_expr(c.relpartbound, c.oid))
            ELSE pg_catalog.format('ALTER TABLE %s INHERIT %I.%I', c.name, n.nspname, p.relname) END
  FROM ours AS c JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
  JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
UNION ALL
-- Constraints that plans depend on; a foreign key of a partition comes with its parent's.
SELECT CASE WHEN k.contype = 'f' THEN 11 ELSE 8 END, CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'constraint' END,
       pg_catalog.format('%s %s', c.name, k.conname),
       pg_catalog.format('ALTER TABLE %s%s ADD CONSTRAINT %I %s', CASE WHEN k.contype IN ('p', 'u', 'x') THEN 'ONLY ' END, c.name, k.conname,
                         pg_catalog.pg_get_constraintdef(k.oid))
  FROM ours AS c JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid
 WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND NOT (k.contype = 'f' AND k.conparentid <> 0) AND NOT (k.contype = 'c' AND NOT k.conislocal)
UNION ALL
SELECT 9, 'index', pg_catalog.format('%I.%I', c.nspname, x.relname), pg_catalog.pg_get_indexdef(i.indexrelid)
  FROM ours AS c JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
 WHERE (i.indisvalid OR c.relkind = 'p')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 10, 'partition index', pg_catalog.format('%I.%I', c.nspname, x.relname),
       pg_catalog.format('ALTER INDEX %I.%I ATTACH PARTITION %I.%I', n.nspname, p.relname, c.nspname, x.relname)
  FROM ours AS c JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = x.oid
  JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
 ORDER BY 1, 3
