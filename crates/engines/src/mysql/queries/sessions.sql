SELECT COUNT(*) AS `all`, SUM(COMMAND = 'Sleep') AS `idle`, SUM(COMMAND LIKE 'Binlog Dump%') AS `replicas`, SUM(STATE LIKE 'Waiting for table metadata lock%') AS `waiting_for_metadata`
FROM information_schema.PROCESSLIST
