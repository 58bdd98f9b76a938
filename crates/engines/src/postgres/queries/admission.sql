SELECT h.type AS kind, h.database::pg_catalog.text[] AS databases, h.user_name::pg_catalog.text[] AS users, h.address, h.netmask,
       h.auth_method AS method, h.error
  FROM pg_catalog.pg_hba_file_rules AS h
 ORDER BY h.line_number
