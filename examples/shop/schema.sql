-- A small web shop on SQLite, as it grew over a few years.

CREATE TABLE category (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES category (id)
);
CREATE INDEX category_parent ON category (parent_id);

CREATE TABLE supplier (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    country TEXT NOT NULL,
    email   TEXT NOT NULL
);

CREATE TABLE product (
    id          INTEGER PRIMARY KEY,
    sku         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    category_id INTEGER NOT NULL REFERENCES category (id),
    supplier_id INTEGER NOT NULL REFERENCES supplier (id),
    price       REAL NOT NULL,
    tags        TEXT,
    discontinued_at TEXT
);
CREATE INDEX product_category ON product (category_id);
CREATE INDEX product_category_name ON product (category_id, name);
CREATE INDEX product_sku ON product (sku);

CREATE TABLE customer (
    id         INTEGER PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    password   TEXT NOT NULL,
    country    TEXT NOT NULL,
    newsletter TEXT NOT NULL,
    phone1     TEXT,
    phone2     TEXT,
    phone3     TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX customer_newsletter ON customer (newsletter);

CREATE TABLE address (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    street      TEXT NOT NULL,
    city        TEXT NOT NULL,
    postal_code TEXT NOT NULL
);
CREATE INDEX address_customer ON address (customer_id);

CREATE TABLE coupon (
    code       TEXT PRIMARY KEY,
    percent    TEXT NOT NULL,
    expires_on TEXT NOT NULL
);

CREATE TABLE customer_order (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    address_id  INTEGER NOT NULL REFERENCES address (id),
    coupon_code TEXT REFERENCES coupon (code),
    status      TEXT NOT NULL,
    placed_at   TEXT NOT NULL
);

CREATE TABLE order_line (
    order_id     INTEGER NOT NULL REFERENCES customer_order (id),
    line         INTEGER NOT NULL,
    product_id   INTEGER NOT NULL REFERENCES product (id),
    product_name TEXT NOT NULL,
    quantity     INTEGER NOT NULL,
    unit_price   REAL NOT NULL,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE payment (
    id       INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES customer_order (id),
    method   TEXT NOT NULL,
    amount   REAL NOT NULL,
    paid_at  TEXT NOT NULL
);

CREATE TABLE shipment (
    id         INTEGER PRIMARY KEY,
    order_id   INTEGER NOT NULL,
    carrier    TEXT NOT NULL,
    shipped_at TEXT NOT NULL,
    arrived_at TEXT
);

CREATE TABLE review (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL REFERENCES product (id),
    customer_id INTEGER REFERENCES customer (id),
    stars       INTEGER NOT NULL,
    body        TEXT NOT NULL,
    written_at  TEXT NOT NULL
);
CREATE INDEX review_product ON review (product_id);

CREATE TABLE page_view (
    customer_id INTEGER,
    path        TEXT NOT NULL,
    viewed_at   TEXT NOT NULL
);
