SELECT SCHEMA_NAME AS `name`, DEFAULT_CHARACTER_SET_NAME AS `charset`, DEFAULT_COLLATION_NAME AS `collation`
FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
