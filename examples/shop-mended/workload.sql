-- What the shop asks of its database. Weights are calls per minute at the busiest hour.

-- name: product by number
-- weight: 900
SELECT id, name, price_cents FROM product WHERE sku = 'SKU-000070';
SELECT id, name, price_cents FROM product WHERE sku = 'SKU-014000';

-- name: products of a category
-- weight: 400
SELECT id, name, price_cents FROM product WHERE category_id = 14 AND discontinued_at IS NULL ORDER BY name LIMIT 24;

-- name: category tree
-- weight: 120
SELECT id, name FROM category WHERE parent_id = 3;

-- name: search products
-- weight: 150
SELECT p.id, p.name, p.price_cents FROM product_search AS s JOIN product AS p ON p.id = s.rowid WHERE product_search MATCH 'lamp' ORDER BY p.name LIMIT 24;

-- name: recommended products
-- weight: 80
SELECT id, name, price_cents FROM product WHERE id >= 1234 ORDER BY id LIMIT 6;

-- name: product catalogue, deep page
-- weight: 20
SELECT id, name, price_cents FROM product WHERE id > 2400 ORDER BY id LIMIT 24;

-- name: reviews of a product
-- weight: 300
SELECT stars, body, written_at FROM review WHERE product_id = 402 ORDER BY written_at DESC LIMIT 10;

-- name: average stars
-- weight: 300
SELECT avg(stars), count(*) FROM review WHERE product_id = 402;

-- name: log in
-- weight: 200
SELECT id, name, password_hash FROM customer WHERE email = 'customer500@mail.example';

-- name: orders of a customer
-- weight: 180
SELECT id, status, placed_at FROM customer_order WHERE customer_id = 7920 ORDER BY placed_at DESC LIMIT 20;
SELECT id, status, placed_at FROM customer_order WHERE customer_id = 3 ORDER BY placed_at DESC LIMIT 20;

-- name: lines of an order
-- weight: 220
SELECT l.line, p.name, l.quantity, l.unit_price_cents FROM order_line AS l JOIN product AS p ON p.id = l.product_id WHERE l.order_id = 4711 ORDER BY l.line;

-- name: payments of an order
-- weight: 160
SELECT id, method, amount_cents, paid_at FROM payment WHERE order_id = 4711;

-- name: shipment of an order
-- weight: 160
SELECT carrier, shipped_at, arrived_at FROM shipment WHERE order_id = 4711;

-- name: orders of a day
-- weight: 4
SELECT count(*) FROM customer_order WHERE placed_at >= '2024-05-17' AND placed_at < '2024-05-18';

-- name: open orders
-- weight: 30
SELECT o.id, o.placed_at, c.name FROM customer_order AS o JOIN customer AS c ON c.id = o.customer_id WHERE o.status = 'open' ORDER BY o.placed_at LIMIT 50;

-- name: last order of each customer in a city
-- weight: 2
SELECT c.id, c.name, (SELECT max(o.placed_at) FROM customer_order AS o WHERE o.customer_id = c.id) AS last_order
FROM customer AS c JOIN address AS a ON a.customer_id = c.id WHERE a.city BETWEEN 'City 310' AND 'City 313';

-- name: customers without review
-- weight: 1
SELECT count(*) FROM customer AS c WHERE NOT EXISTS (SELECT 1 FROM review AS r WHERE r.customer_id = c.id);

-- name: newsletter readers without second phone
-- weight: 2
SELECT c.email FROM customer AS c WHERE c.newsletter = 1 AND NOT EXISTS (SELECT 1 FROM customer_phone AS p WHERE p.customer_id = c.id AND p.position = 2)
AND c.id > 12000 ORDER BY c.id LIMIT 500;

-- name: best sellers of a category
-- weight: 6
SELECT p.id, p.name, sum(l.quantity) AS sold FROM product AS p JOIN order_line AS l ON l.product_id = p.id
WHERE p.category_id = 14 GROUP BY p.id, p.name ORDER BY sold DESC LIMIT 10;

-- name: turnover of a month
-- weight: 1
SELECT p.category_id, sum(l.quantity * l.unit_price_cents) FROM order_line AS l JOIN product AS p ON p.id = l.product_id JOIN customer_order AS o ON o.id = l.order_id
WHERE o.placed_at >= '2024-05-01' AND o.placed_at < '2024-06-01' GROUP BY p.category_id;

-- name: coupons for the front page
-- weight: 10
SELECT code, percent FROM coupon WHERE expires_on > '2026-12-01' ORDER BY expires_on LIMIT 20;

-- name: mail addresses, page by page
-- weight: 1
SELECT email FROM customer WHERE id > 12000 ORDER BY id LIMIT 500;

-- name: views of a customer
-- weight: 90
SELECT path, viewed_at FROM page_view WHERE customer_id = 7920 ORDER BY viewed_at DESC LIMIT 20;

-- name: returned orders with review
-- weight: 1
SELECT o.id, o.placed_at FROM customer_order AS o WHERE o.status = 'returned' AND EXISTS (SELECT 1 FROM review AS r WHERE r.customer_id = o.customer_id);

-- name: change an address
-- weight: 12
UPDATE address SET street = 'Street 1 2' WHERE id = 815;

-- name: place an order
-- weight: 40
INSERT INTO customer_order (customer_id, address_id, status, placed_at) VALUES (42, 42, 'open', '2026-11-24 10:00:00');

-- name: forget old views
-- weight: 1
DELETE FROM page_view WHERE viewed_at < '2026-06-02';
