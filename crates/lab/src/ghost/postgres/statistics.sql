-- Writes column statistics as ANALYZE would: operators and collations are those of the column's type here, found by the
-- rules of GetDefaultOpClass; element types and kinds as in pg_statistic.h (1 common values, 2 histogram, 3 correlation,
-- 4 common elements, 5 counts of elements, 6 lengths and 7 bounds of ranges). $1 is a JSON array of our own making.
WITH input AS (
  SELECT x.* FROM pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) AS x
    (schema text, relation text, name text, number int2, inherited bool, null_share float4, width int4, "distinct" float4,
     common text, shares float4[], histogram text, correlation float4, elements text, element_shares float4[], element_counts float4[],
     range_lengths text, range_empty float4, range_bounds text)
), attributes AS (
  SELECT i.*, c.oid AS relid, a.attnum, a.atttypid, a.attcollation, b.oid AS base, b.typcategory, b.typelem, b.typtype,
         CASE WHEN b.oid = 'pg_catalog.tsvector'::pg_catalog.regtype THEN 'pg_catalog.text'::pg_catalog.regtype::pg_catalog.oid ELSE b.typelem END AS element
    FROM input AS i
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = i.schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = i.relation
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
     AND CASE WHEN c.relkind IN ('i', 'I') THEN a.attnum = i.number ELSE a.attname = i.name AND a.attnum > 0 END
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
), operators AS (
  SELECT a.*, (SELECT p.amopopr FROM pg_catalog.pg_amop AS p WHERE p.amopfamily = o.opcfamily AND p.amoplefttype = o.opcintype
                  AND p.amoprighttype = o.opcintype AND p.amopstrategy = 3) AS eq,
         (SELECT p.amopopr FROM pg_catalog.pg_amop AS p WHERE p.amopfamily = o.opcfamily AND p.amoplefttype = o.opcintype
             AND p.amoprighttype = o.opcintype AND p.amopstrategy = 1) AS lt,
         (SELECT p.amopopr FROM pg_catalog.pg_opclass AS q JOIN pg_catalog.pg_amop AS p ON p.amopfamily = q.opcfamily
             AND p.amoplefttype = q.opcintype AND p.amoprighttype = q.opcintype AND p.amopstrategy = 3
           WHERE q.opcdefault AND q.opcmethod = 403
             AND (q.opcintype = a.element OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.castsource = a.element
                   AND k.casttarget = q.opcintype AND k.castmethod = 'b' AND k.castcontext = 'i' AND k.casttarget = 'pg_catalog.text'::pg_catalog.regtype))
           ORDER BY q.opcintype = a.element DESC LIMIT 1) AS element_eq
    FROM attributes AS a
    LEFT JOIN LATERAL (
      SELECT q.opcfamily, q.opcintype FROM pg_catalog.pg_opclass AS q JOIN pg_catalog.pg_type AS w ON w.oid = q.opcintype
       WHERE q.opcdefault AND q.opcmethod = 403
         AND (q.opcintype = a.base
              OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.castsource = a.base AND k.casttarget = q.opcintype
                          AND k.castmethod = 'b' AND k.castcontext = 'i')
              OR (a.typcategory = 'A' AND a.typelem <> 0 AND w.typname = 'anyarray') OR (a.typtype = 'e' AND w.typname = 'anyenum')
              OR (a.typtype = 'r' AND w.typname = 'anyrange') OR (a.typtype = 'c' AND w.typname = 'record'))
       ORDER BY q.opcintype = a.base DESC, w.typispreferred DESC LIMIT 1) AS o ON true
)
INSERT INTO pg_catalog.pg_statistic
SELECT o.relid, o.attnum, o.inherited, o.null_share, o.width, o."distinct",
       CASE WHEN o.common IS NOT NULL THEN 1 ELSE 0 END, CASE WHEN o.histogram IS NOT NULL THEN 2 ELSE 0 END,
       CASE WHEN o.correlation IS NOT NULL THEN 3 ELSE 0 END,
       CASE WHEN o.elements IS NOT NULL THEN 4 WHEN o.range_lengths IS NOT NULL THEN 6 ELSE 0 END,
       CASE WHEN o.element_counts <> '{}' THEN 5 WHEN o.range_bounds IS NOT NULL THEN 7 ELSE 0 END,
       CASE WHEN o.common IS NOT NULL THEN COALESCE(o.eq, 0) ELSE 0 END, CASE WHEN o.histogram IS NOT NULL THEN COALESCE(o.lt, 0) ELSE 0 END,
       CASE WHEN o.correlation IS NOT NULL THEN COALESCE(o.lt, 0) ELSE 0 END,
       CASE WHEN o.elements IS NOT NULL THEN COALESCE(o.element_eq, 0) WHEN o.range_lengths IS NOT NULL THEN 672 ELSE 0 END,
       CASE WHEN o.element_counts <> '{}' THEN COALESCE(o.element_eq, 0) ELSE 0 END,
       CASE WHEN o.common IS NOT NULL THEN o.attcollation ELSE 0 END, CASE WHEN o.histogram IS NOT NULL THEN o.attcollation ELSE 0 END,
       CASE WHEN o.correlation IS NOT NULL THEN o.attcollation ELSE 0 END,
       CASE WHEN o.elements IS NULL THEN 0 WHEN o.typelem = 0 THEN 100 ELSE o.attcollation END,
       CASE WHEN o.element_counts <> '{}' THEN o.attcollation ELSE 0 END,
       CASE WHEN o.common IS NOT NULL THEN o.shares END, NULL,
       CASE WHEN o.correlation IS NOT NULL THEN ARRAY[o.correlation] END,
       CASE WHEN o.elements IS NOT NULL THEN o.element_shares WHEN o.range_lengths IS NOT NULL THEN ARRAY[o.range_empty] END,
       CASE WHEN o.element_counts <> '{}' THEN o.element_counts END,
       CASE WHEN o.common IS NOT NULL THEN pg_catalog.array_in(pg_catalog.textout(o.common), o.atttypid, -1) END,
       CASE WHEN o.histogram IS NOT NULL THEN pg_catalog.array_in(pg_catalog.textout(o.histogram), o.atttypid, -1) END, NULL,
       CASE WHEN o.elements IS NOT NULL THEN pg_catalog.array_in(pg_catalog.textout(o.elements), o.element, -1)
            WHEN o.range_lengths IS NOT NULL THEN pg_catalog.array_in(pg_catalog.textout(o.range_lengths), 701, -1) END,
       CASE WHEN o.range_bounds IS NOT NULL THEN pg_catalog.array_in(pg_catalog.textout(o.range_bounds), o.atttypid, -1) END
  FROM operators AS o
