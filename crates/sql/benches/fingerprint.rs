//! Prints how many megabytes of statements a second one core fingerprints, for the digest of logs.
//!
//! `cargo bench -p dbwright-sql --bench fingerprint`

use std::hint::black_box;
use std::time::Instant;

use dbwright_model::engine::Engine;
use dbwright_sql::lexer::Lexer;
use dbwright_sql::{Fingerprinter, fingerprint};

/// Statements as applications send them: point reads, joins, inserts of several rows, updates, a report.
const STATEMENTS: [&str; 8] = [
    "SELECT id, name, email, created_at FROM users WHERE id = $1",
    "SELECT o.id, o.total_cents, o.placed_at, c.name FROM orders AS o JOIN customers AS c ON c.id = o.customer_id \
     WHERE o.status = 'open' AND o.placed_at >= '2024-05-01' ORDER BY o.placed_at DESC LIMIT 50",
    "INSERT INTO order_items (order_id, product_id, quantity, price_cents) VALUES (123, 42, 1, 1999), (123, 77, 2, 250), \
     (123, 13, 1, 4999)",
    "UPDATE products SET stock = stock - 1, updated_at = now() WHERE id = 4711 AND stock > 0",
    "select \"user\".\"id\", \"user\".\"email\" from \"user\" where \"user\".\"email\" = 'someone@example.org' limit 1",
    "SELECT * FROM events WHERE tenant_id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10) AND kind = 'click' /* from: web */",
    "WITH recent AS (SELECT customer_id, sum(total_cents) AS spent FROM orders WHERE placed_at > now() - interval '30 days' \
     GROUP BY customer_id) SELECT c.country, count(*), avg(r.spent) FROM recent r JOIN customers c ON c.id = r.customer_id \
     GROUP BY c.country HAVING count(*) > 10 ORDER BY 3 DESC",
    "DELETE FROM sessions WHERE expires_at < '2024-05-01 12:00:00' AND user_id <> 0",
];

const REPETITIONS: usize = 1_000;
/// The best of these counts: other work on the machine only ever slows one down.
const ROUNDS: usize = 300;

fn main() {
    let bytes: usize = STATEMENTS.iter().map(|statement| statement.len()).sum();
    for dialect in [Engine::Postgresql, Engine::Mysql, Engine::Sqlite] {
        let mut fingerprinter = Fingerprinter::new(dialect);
        report("lexer alone", dialect, bytes, |statement| {
            black_box(Lexer::new(statement, dialect).count());
        });
        report("Fingerprinter", dialect, bytes, |statement| {
            black_box(fingerprinter.digest(statement));
        });
        report("fingerprint()", dialect, bytes, |statement| {
            black_box(fingerprint(statement, dialect));
        });
    }
}

fn report(name: &str, dialect: Engine, bytes: usize, mut work: impl FnMut(&str)) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..REPETITIONS {
            for statement in STATEMENTS {
                work(black_box(statement));
            }
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let megabytes = (bytes * REPETITIONS) as f64 / 1e6;
    println!("{name:>14} {:<10} {:7.0} MB/s", dialect.id(), megabytes / best);
}
