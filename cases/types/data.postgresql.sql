INSERT INTO employee (name, salary, hired, country, nickname, badge, active, born, device, settings, postal_code)
SELECT 'Employee ' || i, 3000.5 + i % 700, timestamp '2024-02-01 08:00:00' + i * interval '1 hour', 'NO', 'Nick ' || (i % 1700), CAST(100000 + i * 7 AS text), CASE WHEN i % 3 = 0 THEN 'yes' ELSE 'no' END,
       '19' || (60 + i % 40) || '-0' || (1 + i % 9) || '-1' || (i % 9), '6ba7b810-9dad-11d1-80b4-00c04f' || (100000 + i), '{"theme": "dark", "rows": ' || i || '}',
       '0' || (100 + i % 800)
FROM generate_series(1, 2000) AS s (i);
