SELECT CONSTRAINT_SCHEMA AS `schema`, TABLE_NAME AS `table`, CONSTRAINT_NAME AS `name`, CHECK_CLAUSE AS `expression`, 'YES' AS `enforced`
FROM information_schema.CHECK_CONSTRAINTS WHERE {constraint_schemas}
