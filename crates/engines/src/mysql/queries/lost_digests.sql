SELECT COUNT(*) AS `count`, UNIX_TIMESTAMP(MIN(FIRST_SEEN)) AS `since`, SUM(DIGEST IS NULL) AS `overflowing` FROM performance_schema.events_statements_summary_by_digest
