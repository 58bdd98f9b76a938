-- Writes what the planner remembers of sizes. $1 is a JSON array of our own making.
UPDATE pg_catalog.pg_class AS c
   SET relpages = x.pages, reltuples = x.rows, relallvisible = x.visible_pages
  FROM pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) AS x (schema text, name text, pages int4, rows float4, visible_pages int4)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = x.schema
 WHERE c.relnamespace = n.oid AND c.relname = x.name
