SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `name`, TABLE_TYPE AS `type`, ENGINE AS `engine`
FROM information_schema.TABLES WHERE {schemas}
