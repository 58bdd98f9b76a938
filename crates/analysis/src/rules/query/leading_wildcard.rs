//! `query/leading-wildcard`.

use dbwright_model::catalog::{Collection, CollectionKind, Field, Index};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, ObjectName, Severity, Unit};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, Operand, Predicate};

use crate::context::tables::usable_indexes;
use crate::context::{Access, Context, StatementView};
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/leading-wildcard",
    title: "Pattern begins with a wildcard",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Workload, FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`LIKE '%…'` and its like on a column of a table that is not small, where nothing else leads to few rows and no index for
parts of texts (trigram, full text) exists on the column.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO product (id, name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'Product ' || i FROM n;
-- workload
SELECT id FROM product WHERE name LIKE '%lamp%' ORDER BY id;
```

```sql quiet
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, category_id INTEGER NOT NULL);
CREATE INDEX product_category ON product (category_id);
INSERT INTO product (id, name, category_id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'Product ' || i, i % 500 FROM n;
-- workload
SELECT id FROM product WHERE name LIKE 'lamp%' ORDER BY id;
SELECT id FROM product WHERE category_id = 3 AND name LIKE '%lamp%' ORDER BY id;
SELECT id FROM product WHERE id = 3 AND name NOT LIKE '%lamp%';
```

## Why it matters
An ordinary index is sorted by the beginning of the text. Where the beginning is open, every row has to be read and its text
searched, and that grows with the table.

## When not to follow
Searches that run once in a while over some thousand rows.

## Fix
PostgreSQL: a trigram index (extension pg_trgm) serves `LIKE` and `ILIKE` as they are. SQLite: an FTS5 table, with the
trigram tokenizer for parts of words. MySQL and MariaDB: a FULLTEXT index and `MATCH … AGAINST`, for words. Where only the end
is known, index the reversed text.

## How we verify
Read from the statement's text, the catalog and, where there is one, the plan. After the change the plan uses the index.

## References
PostgreSQL manual, pg_trgm; Index Types. SQLite manual, FTS5, The Trigram Tokenizer; The LIKE Optimization. MySQL manual,
Full-Text Search Functions.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    view.shape.blocks.iter().find_map(|block| {
        let open = |predicate: &&Predicate| predicate.kind == PredicateKind::LeadingWildcard && !predicate.negated;
        block.predicates.iter().filter(open).find_map(|predicate| finding(context, view, block, predicate))
    })
}

fn finding(context: &Context<'_>, view: &StatementView<'_>, block: &Block, predicate: &Predicate) -> Option<Finding> {
    let (table, field) = context.column(&predicate.column)?;
    let stored = !matches!(table.kind, CollectionKind::VirtualTable | CollectionKind::ForeignTable);
    let narrowed = context.is_narrowed(block, table, Some(&field.name));
    if !stored || narrowed || context.is_small(table) || serves_parts(table, field) || matches!(view.access_to(table), Access::Index) {
        return None;
    }
    let object = table.name.with_columns(&[&field.name]);
    let message = format!("{} looks for a pattern that begins with a wildcard in {object}: every row is read and searched.", view.title());
    let planned = matches!(view.access_to(table), Access::Whole(_));
    let mut finding = view.finding(message).graded(if planned { Grade::Planned } else { Grade::Inferred }).risks(0.2);
    if let Operand::Literal(pattern) = &predicate.operand {
        finding = finding.evidence(Evidence::text("pattern", pattern.clone(), "statement"));
    }
    if let Some(rows) = &table.storage.rows {
        finding = finding.evidence(Evidence::of("rows", rows, Unit::Rows));
    }
    Some(finding.change_if(trigram_index(context, table, field)))
}

/// Whether an index on the column knows parts of texts.
fn serves_parts(table: &Collection, field: &Field) -> bool {
    usable_indexes(table).any(|index| is_text_search(index) && mentions(index, &field.name))
}

fn is_text_search(index: &Index) -> bool {
    let trigram = |class: &String| class.contains("trgm") || class.contains("bigm");
    let class = index.parts.iter().filter_map(|part| part.operator_class.as_ref()).any(trigram);
    class || index.method.eq_ignore_ascii_case("fulltext") || index.definition.as_ref().is_some_and(trigram)
}

fn mentions(index: &Index, column: &str) -> bool {
    index.parts.iter().any(|part| {
        let plain = part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(column));
        plain || part.expression.as_deref().is_some_and(|expression| expression.contains(column))
    })
}

fn trigram_index(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    if context.engine() != Engine::Postgresql || table.kind == CollectionKind::PartitionedTable {
        return None;
    }
    let ddl = Ddl::of(context.facts);
    let trigrams = context.facts.catalog.extensions.iter().find(|extension| extension.name == "pg_trgm");
    let schema = trigrams.and_then(|extension| extension.schema.as_ref()).filter(|schema| *schema != "public");
    let class = schema.map_or("gin_trgm_ops".to_owned(), |schema| format!("{}.gin_trgm_ops", ddl.name(schema)));
    let stem: String = format!("{}_{}", table.name.name, field.name).chars().take(50).collect();
    let index = ObjectName { schema: table.name.schema.clone(), name: format!("{stem}_trgm") };
    let mut change = Change::new("Index the parts of the texts");
    if trigrams.is_none() {
        change = change.step("CREATE EXTENSION IF NOT EXISTS pg_trgm", "DROP EXTENSION IF EXISTS pg_trgm");
    }
    let (on, column, name) = (ddl.object(&table.name), ddl.name(&field.name), ddl.name(&index.name));
    let create = format!("CREATE INDEX CONCURRENTLY {name} ON {on} USING gin ({column} {class})");
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", ddl.object(&index));
    Some(change.step(create, drop).locking("SHARE UPDATE EXCLUSIVE on the table: reads and writes go on, other DDL and vacuum wait"))
}
