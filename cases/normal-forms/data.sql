INSERT INTO customer (id, email, zip, city, language) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
SELECT i, 'customer' || i || '@example.org', '0' || (1000 + i * 7919 % 607), 'City ' || (i * 7919 % 607 % 211), 'language ' || (i * 31 % 11) FROM n;

INSERT INTO booking (room_number, day_number, room_name, guest) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)
SELECT 1 + i % 60, 1 + i / 60, 'Room of ' || (i % 60 % 37), 'guest ' || (i * 7919 % 1009) FROM n;

INSERT INTO enrolment (student_id, course_id, teacher) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 7999)
SELECT 1 + i / 4, 1 + (i % 4 * 10 + i / 4 % 10), 'teacher ' || (i % 4 * 10 + i / 4 % 10 + 40 * (i / 4 * 7919 % 3)) FROM n;

INSERT INTO sale (id, article, price_cents, tax_cents, clerk) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
SELECT i, 'article ' || (i * 7919 % 307), 100 + i * 7919 % 307 * 25, (100 + i * 7919 % 307 * 25) / 4, 'clerk ' || (i * 31 % 13) FROM n;
