-- What the planner reads. Of what we set in our own transaction, the value before.
SELECT s.name, CASE WHEN s.source = 'session' THEN s.reset_val ELSE s.setting END AS value
  FROM pg_catalog.pg_settings AS s
 WHERE (s.category LIKE 'Query Tuning%' AND s.context IN ('user', 'superuser'))
    OR s.name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers', 'max_parallel_workers_per_gather', 'parallel_leader_participation', 'effective_io_concurrency', 'search_path', 'TimeZone', 'DateStyle',
                  'IntervalStyle', 'default_text_search_config', 'array_nulls', 'transform_null_equals', 'default_toast_compression', 'extra_float_digits')
 ORDER BY s.name
