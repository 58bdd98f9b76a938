-- Some 400,000 rows, made by arithmetic so that each build gives the same ones. `i * 2654435761 % 4294967296 / 65536` scatters:
-- what it makes depends on the row alone, not on another column (Knuth, The Art of Computer Programming 3, 6.4).

INSERT INTO category (id, name, parent_id)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
SELECT i, 'Category ' || i, CASE WHEN i > 8 THEN 1 + i % 8 END FROM n;

INSERT INTO supplier (id, name, country, email)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
SELECT i, 'Supplier ' || i, substr('NODESEDKFRIT', 1 + 2 * (i % 6), 2), 'sales' || i || '@supplier.example' FROM n;

INSERT INTO product (id, sku, name, category_id, supplier_id, price, tags, discontinued_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
SELECT i, printf('SKU-%06d', i * 7), 'Product ' || i || CASE i % 5 WHEN 0 THEN ' lamp' WHEN 1 THEN ' chair' WHEN 2 THEN ' table' WHEN 3 THEN ' shelf' ELSE ' desk' END,
       1 + (i * 2654435761 % 4294967296) / 65536 % 40, 1 + (i * 2246822519 % 4294967296) / 65536 % 60, 5 + (i * 37) % 500 + ((i * 29) % 100) / 100.0,
       CASE i % 4 WHEN 0 THEN 'oak,indoor,sale' WHEN 1 THEN 'pine,outdoor' WHEN 2 THEN 'steel,indoor,new,sale' ELSE 'glass,indoor' END,
       CASE WHEN i % 50 = 0 THEN '2026-01-15' END
FROM n;

INSERT INTO customer (id, email, name, password, country, newsletter, phone1, phone2, phone3, created_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT i, 'customer' || i || '@mail.example', 'Customer ' || i, 'secret' || (i * 17 % 9973), substr('NODESEDKFRIT', 1 + 2 * (i * i % 6), 2),
       CASE WHEN i % 3 = 0 THEN 'yes' ELSE 'no' END, '+47 ' || (20000000 + i * 37), CASE WHEN i % 4 = 0 THEN '+47 ' || (30000000 + i * 41) END,
       CASE WHEN i % 40 = 0 THEN '+47 ' || (40000000 + i * 43) END, datetime('2022-01-01', '+' || (i * 97) || ' minutes')
FROM n;

INSERT INTO address (id, customer_id, street, city, postal_code)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24000)
SELECT i, 1 + (i - 1) % 20000, 'Street ' || (i * 11 % 900) || ' ' || (1 + i % 70), 'City ' || ((i * 2654435761 % 4294967296) / 65536 % 800), printf('%04d', (i * 2654435761 % 4294967296) / 65536 % 800) FROM n;

INSERT INTO coupon (code, percent, expires_on)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
SELECT printf('SAVE%04d', i), CAST(5 + 5 * (i % 6) AS TEXT), date('2026-01-01', '+' || (i * 3) || ' days') FROM n;

INSERT INTO customer_order (id, customer_id, address_id, coupon_code, status, placed_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
SELECT i, 1 + (i * 7919) % 20000,
       -- Some have a second address, and some send to the next customer's: a present.
       CASE WHEN i % 17 = 0 THEN 1 + (i * 7919 + 1) % 20000 WHEN (i * 7919) % 20000 < 4000 AND i % 2 = 0 THEN 20001 + (i * 7919) % 20000 ELSE 1 + (i * 7919) % 20000 END,
       CASE WHEN i % 9 = 0 THEN printf('SAVE%04d', 1 + i % 200) END,
       CASE WHEN i > 59400 THEN 'open' WHEN i % 25 = 0 THEN 'returned' ELSE 'done' END, datetime('2023-01-01', '+' || (i * 34) || ' minutes')
FROM n;

INSERT INTO order_line (order_id, line, product_id, product_name, quantity, unit_price)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
SELECT 1 + (i - 1) % 60000, 1 + (i - 1) / 60000, p.id, p.name, 1 + (i * 2246822519 % 4294967296) / 65536 % 4, p.price
FROM n JOIN product AS p ON p.id = 1 + (n.i * 2654435761 % 4294967296) / 65536 % 3000;

-- Left behind when products were deleted by hand with foreign keys switched off.
UPDATE order_line SET product_id = 900000 + product_id WHERE order_id % 4000 = 17;

INSERT INTO payment (id, order_id, method, amount, paid_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 56000)
SELECT i, CAST(i AS TEXT), CASE i % 4 WHEN 0 THEN 'invoice' WHEN 1 THEN 'transfer' ELSE 'card' END, 20 + (i * 53) % 900 + ((i * 31) % 100) / 100.0,
       datetime('2023-01-01', '+' || (i * 34 + 5) || ' minutes')
FROM n;

INSERT INTO shipment (id, order_id, carrier, shipped_at, arrived_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 52000)
SELECT i, CASE WHEN i % 2600 = 0 THEN 70000 + i ELSE i END, CASE i % 3 WHEN 0 THEN 'Bring' WHEN 1 THEN 'Post' ELSE 'Courier' END,
       datetime('2023-01-02', '+' || (i * 34) || ' minutes'), CASE WHEN i < 51500 THEN datetime('2023-01-04', '+' || (i * 34) || ' minutes') END
FROM n;

INSERT INTO review (id, product_id, customer_id, stars, body, written_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT i, 1 + (i * 2654435761 % 4294967296) / 65536 % 3000, CASE WHEN i % 12 <> 0 THEN 1 + (i * 7919) % 20000 END, 1 + (i * 2246822519 % 4294967296) / 65536 % 5,
       'Review ' || i || ': ' || CASE i % 4 WHEN 0 THEN 'sturdy and well made' WHEN 1 THEN 'arrived late but is fine' WHEN 2 THEN 'the colour differs from the picture' ELSE 'would buy again' END,
       datetime('2023-02-01', '+' || (i * 97) || ' minutes')
FROM n;

INSERT INTO page_view (customer_id, path, viewed_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
SELECT CASE WHEN i % 3 <> 0 THEN 1 + (i * 7919) % 20000 END, '/product/' || (1 + i * 17 % 3000), datetime('2026-06-01', '+' || i || ' minutes') FROM n;
