SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `name`, VIEW_DEFINITION AS `definition`, DEFINER AS `definer`, SECURITY_TYPE AS `security`
FROM information_schema.VIEWS WHERE {schemas}
