SELECT name, sum(pgsize), sum(unused), sum(CASE pagetype WHEN 'leaf' THEN ncell ELSE 0 END), sum(CASE pagetype WHEN 'overflow' THEN 0 ELSE ncell END),
       sum(CASE pagetype WHEN 'overflow' THEN pgsize ELSE 0 END), count(*), max(CASE pagetype WHEN 'overflow' THEN 0 ELSE length(path) END)
FROM dbstat GROUP BY name
