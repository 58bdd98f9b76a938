SELECT OBJECT_SCHEMA AS `schema`, OBJECT_NAME AS `table`, INDEX_NAME AS `name`, COUNT_FETCH AS `fetches`, COUNT_INSERT AS `inserts`, COUNT_UPDATE AS `updates`,
       COUNT_DELETE AS `deletes`
FROM performance_schema.table_io_waits_summary_by_index_usage WHERE {object_schemas}
