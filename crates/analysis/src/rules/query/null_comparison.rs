//! `query/null-comparison`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Grade, Severity};

use crate::context::{Context, StatementView};
use crate::rewrite;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/null-comparison",
    title: "Comparison with NULL is never true",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
`= NULL`, `<> NULL` and their like in a condition. (PostgreSQL with `transform_null_equals` on is left alone.)

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, phone TEXT);
-- workload
SELECT id FROM customer WHERE phone = NULL;
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, phone TEXT);
-- workload
SELECT id FROM customer WHERE phone IS NULL;
UPDATE customer SET phone = NULL WHERE id = 7;
```

## Why it matters
Nothing equals NULL, not even NULL: the condition is unknown for every row, and the statement returns or changes nothing.
It looks right, so nobody notices.

## When not to follow
There is no case for it.

## Fix
`IS NULL`, `IS NOT NULL`; between two columns `IS NOT DISTINCT FROM` (MySQL `<=>`, SQLite `IS`).

## How we verify
Read from the statement's text. After the change the results differ: that is the point.

## References
ISO/IEC 9075-2, comparison predicate. PostgreSQL manual, Comparison Functions and Operators.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if context.engine() == Engine::Postgresql && context.setting_on("transform_null_equals") == Some(true) {
        return Vec::new();
    }
    context.statements().iter().filter_map(|view| finding(context, view)).collect()
}

fn finding(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let comparison = view.shape.blocks.iter().flat_map(|block| &block.null_comparisons).next()?;
    let message = format!("{} asks for {comparison}, which is never true: NULL equals nothing.", view.title());
    let finding = view.finding(message).graded(Grade::Inferred).evidence(Evidence::text("condition", comparison.clone(), "statement"));
    Some(finding.risks(0.6).change_if(rewrite::null_tests(context, view)))
}
