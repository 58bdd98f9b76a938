CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(200) NOT NULL UNIQUE);
-- No primary key at all.
CREATE TABLE visit (customer_id INTEGER NOT NULL, page VARCHAR(200) NOT NULL);
-- A reference without index.
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), total_cents INTEGER NOT NULL);
-- A reference whose index starts with its column: a look-alike.
CREATE TABLE line (invoice_id INTEGER NOT NULL REFERENCES invoice (id), position INTEGER NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (invoice_id, position));
-- The same reference twice.
CREATE TABLE reminder (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL,
    sent_on DATE NOT NULL,
    CONSTRAINT reminder_invoice FOREIGN KEY (invoice_id) REFERENCES invoice (id),
    CONSTRAINT reminder_invoice_again FOREIGN KEY (invoice_id) REFERENCES invoice (id)
);
CREATE INDEX reminder_by_invoice ON reminder (invoice_id);
