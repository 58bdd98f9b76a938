-- Columns that only some versions have are read by name from the row as JSON.
SELECT pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding, d.datcollate::pg_catalog.text AS collate, d.datctype::pg_catalog.text AS ctype,
       pg_catalog.to_jsonb(d) ->> 'datlocprovider' AS provider,
       COALESCE(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
       pg_catalog.current_database()::pg_catalog.text AS name, pg_catalog.current_setting('block_size') AS block_bytes
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = pg_catalog.current_database()
