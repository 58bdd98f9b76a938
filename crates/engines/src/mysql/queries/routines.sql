SELECT ROUTINE_SCHEMA AS `schema`, ROUTINE_NAME AS `name`, ROUTINE_TYPE AS `type`, SECURITY_TYPE AS `security`, DEFINER AS `definer`, IS_DETERMINISTIC AS `deterministic`
FROM information_schema.ROUTINES WHERE {routine_schemas}
