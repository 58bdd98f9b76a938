-- name: fault, NOT IN over a column with NULLs
SELECT count(*) FROM account WHERE id NOT IN (SELECT referrer_id FROM account);
-- name: look-alike, NOT IN over a column without NULLs
SELECT count(*) FROM account WHERE id NOT IN (SELECT account_id FROM booking);
-- name: fault, comparison with NULL
SELECT id FROM account WHERE referrer_id = NULL;
-- name: fault, leading wildcard
SELECT id, email FROM account WHERE email LIKE '%77@example.org';
-- name: look-alike, prefix
SELECT id, email FROM account WHERE email LIKE 'a77%' ORDER BY id LIMIT 5;
-- name: fault, random order
SELECT id, email FROM account ORDER BY random() LIMIT 3;
-- name: fault, join without condition
SELECT a.id, b.id FROM account AS a, booking AS b WHERE a.city = 'City 7' AND b.cents = 4999 LIMIT 5;
-- name: look-alike, comma join with condition
SELECT a.id, b.id FROM account AS a, booking AS b WHERE a.id = b.account_id AND b.id = 17;
-- name: fault, update of everything
UPDATE account SET city = 'Nowhere';
-- name: look-alike, update of one
UPDATE account SET city = 'Somewhere' WHERE id = 77;
-- name: fault, outer join made inner
SELECT a.id, b.cents FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id WHERE a.id = 9 AND b.cents > 10;
-- name: look-alike, anti join
SELECT a.id FROM account AS a LEFT JOIN booking AS b ON b.account_id = a.id WHERE a.id < 50 AND b.id IS NULL;
