-- The shop of ../shop with its faults mended. Amounts are whole cents.

CREATE TABLE category (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES category (id)
) STRICT;
CREATE INDEX category_parent ON category (parent_id);

CREATE TABLE supplier (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    country TEXT NOT NULL CHECK (length(country) = 2),
    email   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE product (
    id              INTEGER PRIMARY KEY,
    sku             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    category_id     INTEGER NOT NULL REFERENCES category (id),
    supplier_id     INTEGER NOT NULL REFERENCES supplier (id),
    price_cents     INTEGER NOT NULL CHECK (price_cents > 0),
    discontinued_at TEXT
) STRICT;
CREATE INDEX product_category_name ON product (category_id, name);
CREATE INDEX product_supplier ON product (supplier_id);

CREATE VIRTUAL TABLE product_search USING fts5 (name, content = 'product', content_rowid = 'id');

CREATE TABLE tag (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE product_tag (
    product_id INTEGER NOT NULL REFERENCES product (id),
    tag_id     INTEGER NOT NULL REFERENCES tag (id),
    PRIMARY KEY (product_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_tag_tag ON product_tag (tag_id, product_id);

CREATE TABLE customer (
    id            INTEGER PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    country       TEXT NOT NULL CHECK (length(country) = 2),
    newsletter    INTEGER NOT NULL CHECK (newsletter IN (0, 1)),
    created_at    TEXT NOT NULL
) STRICT;

CREATE TABLE customer_phone (
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    position    INTEGER NOT NULL CHECK (position BETWEEN 1 AND 9),
    phone       TEXT NOT NULL,
    PRIMARY KEY (customer_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE address (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    street      TEXT NOT NULL,
    city        TEXT NOT NULL,
    postal_code TEXT NOT NULL
) STRICT;
CREATE INDEX address_customer ON address (customer_id);
CREATE INDEX address_city ON address (city);

CREATE TABLE coupon (
    code       TEXT PRIMARY KEY,
    percent    INTEGER NOT NULL CHECK (percent BETWEEN 1 AND 100),
    expires_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE customer_order (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    address_id  INTEGER NOT NULL REFERENCES address (id),
    coupon_code TEXT REFERENCES coupon (code),
    status      TEXT NOT NULL CHECK (status IN ('open', 'done', 'returned')),
    placed_at   TEXT NOT NULL
) STRICT;
CREATE INDEX customer_order_customer_placed ON customer_order (customer_id, placed_at);
CREATE INDEX customer_order_address ON customer_order (address_id);
CREATE INDEX customer_order_coupon ON customer_order (coupon_code) WHERE coupon_code IS NOT NULL;
CREATE INDEX customer_order_placed ON customer_order (placed_at);
CREATE INDEX customer_order_open ON customer_order (placed_at) WHERE status = 'open';
CREATE INDEX customer_order_returned ON customer_order (customer_id) WHERE status = 'returned';

CREATE TABLE order_line (
    order_id         INTEGER NOT NULL REFERENCES customer_order (id),
    line             INTEGER NOT NULL,
    product_id       INTEGER NOT NULL REFERENCES product (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_line_product ON order_line (product_id, quantity);

CREATE TABLE payment (
    id           INTEGER PRIMARY KEY,
    order_id     INTEGER NOT NULL REFERENCES customer_order (id),
    method       TEXT NOT NULL CHECK (method IN ('card', 'invoice', 'transfer')),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    paid_at      TEXT NOT NULL
) STRICT;
CREATE INDEX payment_order ON payment (order_id);

CREATE TABLE shipment (
    id         INTEGER PRIMARY KEY,
    order_id   INTEGER NOT NULL REFERENCES customer_order (id),
    carrier    TEXT NOT NULL,
    shipped_at TEXT NOT NULL,
    arrived_at TEXT
) STRICT;
CREATE INDEX shipment_order ON shipment (order_id);

CREATE TABLE review (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL REFERENCES product (id),
    customer_id INTEGER REFERENCES customer (id),
    stars       INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body        TEXT NOT NULL,
    written_at  TEXT NOT NULL
) STRICT;
CREATE INDEX review_product_written ON review (product_id, written_at);
CREATE INDEX review_customer ON review (customer_id);

CREATE TABLE page_view (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customer (id),
    path        TEXT NOT NULL,
    viewed_at   TEXT NOT NULL
) STRICT;
CREATE INDEX page_view_customer_viewed ON page_view (customer_id, viewed_at);
CREATE INDEX page_view_viewed ON page_view (viewed_at);
