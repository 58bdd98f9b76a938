SELECT 'prepared' AS kind, x.gid AS name, x.owner::pg_catalog.text AS first, ''::pg_catalog.text AS second,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - x.prepared)::pg_catalog.float8 AS age
  FROM pg_catalog.pg_prepared_xacts AS x
UNION ALL
SELECT 'collation', (n.nspname || '.' || c.collname)::pg_catalog.text, c.collversion, pg_catalog.pg_collation_actual_version(c.oid), NULL
  FROM pg_catalog.pg_collation AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
 WHERE c.collversion IS NOT NULL AND c.collversion <> pg_catalog.pg_collation_actual_version(c.oid)
   AND c.oid IN (SELECT a.attcollation FROM pg_catalog.pg_attribute AS a WHERE a.attcollation <> 0)
UNION ALL
SELECT 'database-grant', u.item, '', '', NULL
  FROM pg_catalog.pg_database AS d, pg_catalog.unnest(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))::pg_catalog.text[]) AS u (item)
 WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'default-grant', u.item, pg_catalog.pg_get_userbyid(f.defaclrole)::pg_catalog.text, f.defaclobjtype::pg_catalog.text, NULL
  FROM pg_catalog.pg_default_acl AS f, pg_catalog.unnest(f.defaclacl::pg_catalog.text[]) AS u (item)
UNION ALL
SELECT 'untrusted-language', l.lanname::pg_catalog.text, '', '', NULL
  FROM pg_catalog.pg_language AS l WHERE l.lanispl AND NOT l.lanpltrusted
