SELECT SCHEMA_NAME AS `schema`, DIGEST AS `digest`, DIGEST_TEXT AS `text`, COUNT_STAR AS `calls`, SUM_TIMER_WAIT / 1e9 AS `total_ms`, MAX_TIMER_WAIT / 1e9 AS `max_ms`,
       SUM_ROWS_SENT AS `rows_sent`, SUM_ROWS_EXAMINED AS `rows_examined`, SUM_ROWS_AFFECTED AS `rows_affected`, SUM_CREATED_TMP_DISK_TABLES AS `temporary_on_disk`,
       SUM_ERRORS AS `errors`
FROM performance_schema.events_statements_summary_by_digest
WHERE {schema_name} ORDER BY SUM_TIMER_WAIT DESC LIMIT 2000
