INSERT INTO country (code, name) VALUES ('NO', 'Norway'), ('DE', 'Germany'), ('SE', 'Sweden'), ('FR', 'France');
INSERT INTO member (id, email, country_code, zip) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
SELECT i, 'member' || i || '@example.org', CASE i % 4 WHEN 0 THEN 'NO' WHEN 1 THEN 'DE' WHEN 2 THEN 'SE' ELSE 'FR' END, '0' || (100 + i * 7 % 797) FROM n;
INSERT INTO club (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i, 'Club ' || i FROM n;
INSERT INTO membership (member_id, club_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) SELECT 1 + i % 4000, 1 + (i * 7 + i / 4000) % 60 FROM n;
