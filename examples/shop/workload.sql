-- What the shop asks of its database. Weights are calls per minute at the busiest hour.

-- name: product by number
-- weight: 900
SELECT id, name, price FROM product WHERE sku = 'SKU-000070';
SELECT id, name, price FROM product WHERE sku = 'SKU-014000';

-- name: products of a category
-- weight: 400
SELECT id, name, price FROM product WHERE category_id = 14 AND discontinued_at IS NULL ORDER BY name LIMIT 24;

-- name: category tree
-- weight: 120
SELECT id, name FROM category WHERE parent_id = 3;

-- name: search products
-- weight: 150
SELECT id, name, price FROM product WHERE name LIKE '%lamp%' ORDER BY name LIMIT 24;

-- name: recommended products
-- weight: 80
SELECT id, name, price FROM product ORDER BY random() LIMIT 6;

-- name: product catalogue, deep page
-- weight: 20
SELECT id, name, price FROM product ORDER BY id LIMIT 24 OFFSET 2400;

-- name: reviews of a product
-- weight: 300
SELECT stars, body, written_at FROM review WHERE product_id = 402 ORDER BY written_at DESC LIMIT 10;

-- name: average stars
-- weight: 300
SELECT avg(stars), count(*) FROM review WHERE product_id = 402;

-- name: log in
-- weight: 200
SELECT * FROM customer WHERE email = 'customer500@mail.example';

-- name: orders of a customer
-- weight: 180
SELECT id, status, placed_at FROM customer_order WHERE customer_id = 7920 ORDER BY placed_at DESC LIMIT 20;
SELECT id, status, placed_at FROM customer_order WHERE customer_id = 3 ORDER BY placed_at DESC LIMIT 20;

-- name: lines of an order
-- weight: 220
SELECT line, product_name, quantity, unit_price FROM order_line WHERE order_id = 4711 ORDER BY line;

-- name: payments of an order
-- weight: 160
SELECT id, method, amount, paid_at FROM payment WHERE order_id = '4711';

-- name: shipment of an order
-- weight: 160
SELECT carrier, shipped_at, arrived_at FROM shipment WHERE order_id = 4711;

-- name: orders of a day
-- weight: 4
SELECT count(*) FROM customer_order WHERE date(placed_at) = '2024-05-17';

-- name: open orders
-- weight: 30
SELECT o.id, o.placed_at, c.name FROM customer_order AS o JOIN customer AS c ON c.id = o.customer_id WHERE o.status = 'open' ORDER BY o.placed_at LIMIT 50;

-- name: last order of each customer in a city
-- weight: 2
SELECT c.id, c.name, (SELECT max(o.placed_at) FROM customer_order AS o WHERE o.customer_id = c.id) AS last_order
FROM customer AS c JOIN address AS a ON a.customer_id = c.id WHERE a.city BETWEEN 'City 310' AND 'City 313';

-- name: customers without review
-- weight: 1
SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer_id FROM review);

-- name: newsletter readers without second phone
-- weight: 2
SELECT email FROM customer WHERE newsletter = 'yes' AND phone2 = NULL;

-- name: best sellers of a category
-- weight: 6
SELECT p.id, p.name, sum(l.quantity) AS sold FROM product AS p JOIN order_line AS l ON l.product_id = p.id
WHERE p.category_id = 14 GROUP BY p.id, p.name ORDER BY sold DESC LIMIT 10;

-- name: turnover of a month
-- weight: 1
SELECT p.category_id, sum(l.quantity * l.unit_price) FROM order_line AS l JOIN product AS p ON p.id = l.product_id JOIN customer_order AS o ON o.id = l.order_id
WHERE o.placed_at >= '2024-05-01' AND o.placed_at < '2024-06-01' GROUP BY p.category_id;

-- name: coupons and suppliers for the front page
-- weight: 10
SELECT c.code, s.name FROM coupon AS c, supplier AS s WHERE c.expires_on > '2026-12-01' LIMIT 20;

-- name: all mail addresses
-- weight: 1
SELECT email FROM customer UNION SELECT email FROM supplier;

-- name: views of a customer
-- weight: 90
SELECT path, viewed_at FROM page_view WHERE customer_id = 7920 ORDER BY viewed_at DESC LIMIT 20;

-- name: returned orders with review
-- weight: 1
SELECT DISTINCT o.id, o.placed_at FROM customer_order AS o JOIN review AS r ON r.customer_id = o.customer_id WHERE o.status = 'returned';

-- name: change an address
-- weight: 12
UPDATE address SET street = 'Street 1 2' WHERE id = 815;

-- name: place an order
-- weight: 40
INSERT INTO customer_order (customer_id, address_id, status, placed_at) VALUES (42, 42, 'open', '2026-11-24 10:00:00');

-- name: forget old views
-- weight: 1
DELETE FROM page_view WHERE viewed_at < '2026-06-02';
