-- Statements that make what plans depend on: schemas, types, collations, functions, sequences, statistics, views. What an
-- extension owns comes with the extension.
WITH owned AS (
  SELECT e.classid, e.objid FROM pg_catalog.pg_depend AS e WHERE e.deptype = 'e'
), own AS (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
)
SELECT 1 AS step, 'schema' AS kind, n.nspname::pg_catalog.text AS name, pg_catalog.format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) AS statement
  FROM own AS n
UNION ALL
SELECT 2, 'collation', pg_catalog.format('%I.%I', n.nspname, l.collname),
       CASE l.collprovider
         WHEN 'c' THEN pg_catalog.format('CREATE COLLATION %I.%I (PROVIDER = libc, LC_COLLATE = %L, LC_CTYPE = %L)', n.nspname, l.collname, l.collcollate, l.collctype)
         ELSE pg_catalog.format('CREATE COLLATION %I.%I (PROVIDER = %s, LOCALE = %L, DETERMINISTIC = %s)', n.nspname, l.collname,
                                CASE l.collprovider WHEN 'b' THEN 'builtin' ELSE 'icu' END,
                                COALESCE(pg_catalog.to_jsonb(l) ->> 'colllocale', pg_catalog.to_jsonb(l) ->> 'colliculocale', l.collcollate::pg_catalog.text),
                                l.collisdeterministic)
       END
  FROM pg_catalog.pg_collation AS l JOIN own AS n ON n.oid = l.collnamespace
 WHERE NOT EXISTS (SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass AND o.objid = l.oid)
UNION ALL
SELECT 3, 'type', pg_catalog.format('%I.%I', n.nspname, t.typname),
       CASE t.typtype
         WHEN 'e' THEN pg_catalog.format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
                (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid))
         WHEN 'd' THEN pg_catalog.format('CREATE DOMAIN %I.%I AS %s%s%s%s', n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod),
                (SELECT pg_catalog.format(' COLLATE %I.%I', m.nspname, l.collname) FROM pg_catalog.pg_collation AS l
                   JOIN pg_catalog.pg_namespace AS m ON m.oid = l.collnamespace JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
                  WHERE l.oid = t.typcollation AND t.typcollation <> b.typcollation),
                CASE WHEN t.typnotnull THEN ' NOT NULL' END,
                (SELECT pg_catalog.string_agg(pg_catalog.format(' CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                   FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid AND k.contype = 'c'))
         WHEN 'c' THEN pg_catalog.format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
                (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
         ELSE (SELECT pg_catalog.format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', n.nspname, t.typname, pg_catalog.format_type(r.rngsubtype, NULL))
                 FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid)
       END
  FROM pg_catalog.pg_type AS t JOIN own AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
 WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
   AND NOT EXISTS (SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND o.objid = t.oid)
UNION ALL
-- A function in another language is replaced by one of the same signature that is never run.
SELECT 4, CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN 'function' ELSE 'function stub' END,
       pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
       CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN pg_catalog.pg_get_functiondef(p.oid)
            ELSE pg_catalog.format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE sql %s COST %s%s AS $ghost$ SELECT NULL::%s $ghost$',
                   n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
                   CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END, p.procost,
                   CASE WHEN p.proretset THEN ' ROWS ' || p.prorows END, pg_catalog.format_type(p.prorettype, NULL))
       END
  FROM pg_catalog.pg_proc AS p JOIN own AS n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  JOIN pg_catalog.pg_type AS r ON r.oid = p.prorettype
 WHERE p.prokind = 'f' AND (r.typtype <> 'p' OR l.lanname IN ('sql', 'plpgsql'))
   AND p.prorettype <> ALL (ARRAY['pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype]::pg_catalog.oid[])
   AND NOT EXISTS (SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND o.objid = p.oid)
UNION ALL
SELECT 5, 'sequence', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('CREATE SEQUENCE %I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class AS c JOIN own AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid)
UNION ALL
SELECT 12, 'statistics', pg_catalog.format('%I.%I', n.nspname, s.stxname), pg_catalog.pg_get_statisticsobjdef(s.oid)
  FROM pg_catalog.pg_statistic_ext AS s JOIN own AS n ON n.oid = s.stxnamespace
UNION ALL
SELECT 13, 'view', pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.format('CREATE VIEW %I.%I%s AS %s', n.nspname, c.relname,
                         CASE WHEN c.reloptions IS NOT NULL THEN pg_catalog.format(' WITH (%s)', pg_catalog.array_to_string(c.reloptions, ', ')) END,
                         pg_catalog.pg_get_viewdef(c.oid))
  FROM pg_catalog.pg_class AS c JOIN own AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid)
 ORDER BY 1, 3
