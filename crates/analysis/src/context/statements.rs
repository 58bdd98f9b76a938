//! Statements with what rules share about them: fingerprint, share of database time, tables. It never runs anything.

use dbwright_model::catalog::Collection;
use dbwright_model::plan::{Operation, PlanNode};
use dbwright_model::workload::{Statement, WorkloadSource};
use dbwright_model::{Engine, Evidence, Facts, Finding, ObjectName, Unit};
use dbwright_sql::shape::Block;
use dbwright_sql::{Fingerprinter, Shape, TableName, shape_with};

use super::tables::Tables;

/// A statement of the workload, and what was derived from it.
pub struct StatementView<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Its fingerprint, computed when the facts hold none; 32 hexadecimal digits.
    pub fingerprint: String,
    /// Its share of the time that all statements take together, 0 to 1; none when times are not known.
    pub time_share: Option<f64>,
    /// How often it is called of all calls, 0 to 1; none when not known.
    pub call_share: Option<f64>,
    /// The first table it names, as the catalog spells it where that knows it.
    pub first_table: Option<ObjectName>,
    /// What the text says, read with the catalog's help: of a sample with real values where there is one.
    pub shape: Shape,
}

/// How a plan reaches the rows of a table.
#[derive(Debug, Clone, Copy)]
pub enum Access<'a> {
    /// It reads the whole table, or a whole index of it, at this node.
    Whole(&'a PlanNode),
    /// By an index.
    Index,
    /// There is no plan, or it does not show the table.
    Unknown,
}

/// Views of all statements, in order.
pub(super) fn views<'a>(facts: &'a Facts, tables: &Tables<'a>) -> Vec<StatementView<'a>> {
    let workload = &facts.workload;
    let weighted = matches!(workload.source, WorkloadSource::Measured | WorkloadSource::File);
    let total_time: f64 = workload.statements.iter().filter_map(|statement| load_ms(statement, weighted)).sum();
    let total_calls: f64 = workload.statements.iter().filter_map(|statement| frequency(statement, weighted)).sum();
    let mut fingerprinter = Fingerprinter::new(facts.target.engine);
    let view = |statement: &'a Statement| {
        let shape = shape_of(statement, facts.target.engine, tables);
        StatementView {
            statement,
            fingerprint: fingerprint(statement, &mut fingerprinter),
            time_share: load_ms(statement, weighted).filter(|_| total_time > 0.0).map(|ms| ms / total_time),
            call_share: frequency(statement, weighted).filter(|_| total_calls > 0.0).map(|calls| calls / total_calls),
            first_table: first_table(&shape, tables).or_else(|| first_planned_table(statement, tables)),
            shape,
        }
    };
    workload.statements.iter().map(view).collect()
}

fn fingerprint(statement: &Statement, fingerprinter: &mut Fingerprinter) -> String {
    if statement.fingerprint.is_empty() {
        fingerprinter.digest(&statement.text).fingerprint.to_string()
    } else {
        statement.fingerprint.clone()
    }
}

/// Time that the statement takes of the server: in a project how often it is said to come times its mean time, else
/// what was counted.
fn load_ms(statement: &Statement, weighted: bool) -> Option<f64> {
    if weighted { Some(statement.weight.unwrap_or(1.0) * statement.mean_ms()?) } else { statement.total_ms }
}

fn frequency(statement: &Statement, weighted: bool) -> Option<f64> {
    if weighted { Some(statement.weight.unwrap_or(1.0)) } else { statement.calls }
}

/// The shape of a sample if there is one that a grammar takes, else of the text.
fn shape_of(statement: &Statement, engine: Engine, tables: &Tables<'_>) -> Shape {
    let columns_of = |name: &TableName| {
        let table = tables.find(&object_name(name))?;
        (!table.fields.is_empty()).then(|| table.fields.iter().map(|field| field.name.clone()).collect())
    };
    let sample = statement.samples.first().map(|sample| shape_with(&sample.text, engine, &columns_of));
    sample.filter(|shape| shape.parsed).unwrap_or_else(|| shape_with(&statement.text, engine, &columns_of))
}

/// The table that the statement itself names first, else any table of it.
fn first_table(shape: &Shape, tables: &Tables<'_>) -> Option<ObjectName> {
    let own = shape.blocks.iter().flat_map(|block| &block.sources).find_map(|source| source.table.as_ref());
    let written = shape.tables_written().next();
    let name = object_name(written.or(own).or_else(|| shape.tables.first().map(|used| &used.table))?);
    Some(tables.find(&name).map_or(name, |table| table.name.clone()))
}

/// A table's name of a statement in the catalog's form.
#[must_use]
pub fn object_name(name: &TableName) -> ObjectName {
    ObjectName { schema: name.schema.clone(), name: name.name.clone() }
}

fn first_planned_table(statement: &Statement, tables: &Tables<'_>) -> Option<ObjectName> {
    let plan = statement.plan.as_ref()?;
    plan.nodes().into_iter().find_map(|node| tables.find(node.collection.as_ref()?)).map(|table| table.name.clone())
}

impl<'a> StatementView<'a> {
    /// How findings name the statement: its fingerprint and its first table.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.first_table {
            Some(table) => format!("{} {table}", self.fingerprint),
            None => self.fingerprint.clone(),
        }
    }

    /// How messages call it: the name it was given, else by its first table.
    #[must_use]
    pub fn title(&self) -> String {
        match (&self.statement.name, &self.first_table) {
            (Some(name), _) => format!("Statement \"{name}\""),
            (None, Some(table)) => format!("A statement on {table}"),
            (None, None) => "A statement".to_owned(),
        }
    }

    /// A finding on the statement, with its share of database time, its text and its place.
    #[must_use]
    pub fn finding(&self, message: impl Into<String>) -> Finding {
        let mut finding = Finding::new(self.object(), message).evidence(self.text_evidence());
        if let Some(share) = self.time_share {
            finding = finding.costs_time(share).evidence(Evidence::measured("share of database time", share, Unit::Share, "workload"));
        }
        if let Some(calls) = self.statement.calls {
            finding = finding.evidence(Evidence::measured("calls", calls, Unit::Calls, "workload"));
        }
        finding.origin.clone_from(&self.statement.origin);
        finding
    }

    /// The statement's own block; none when no grammar took the text.
    #[must_use]
    pub fn main(&self) -> Option<&Block> {
        self.shape.main().filter(|_| self.shape.parsed)
    }

    /// The text that the shape was read from.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.statement.samples.first().map_or(&self.statement.text, |sample| &sample.text)
    }

    /// Whether a dump reads the table: mysqldump asks for it with `SQL_NO_CACHE`.
    #[must_use]
    pub fn is_dump(&self) -> bool {
        self.statement.text.contains("SQL_NO_CACHE")
    }

    /// Rows that a call returns or changes in the mean.
    #[must_use]
    pub fn rows_a_call(&self) -> Option<f64> {
        Some(self.statement.rows? / self.statement.calls.filter(|calls| *calls > 0.0)?)
    }

    /// The nodes of its plan, parents first; none when it has no plan.
    #[must_use]
    pub fn plan_nodes(&self) -> Vec<&'a PlanNode> {
        self.statement.plan.as_ref().map(|plan| plan.nodes()).unwrap_or_default()
    }

    /// Whether its plan was executed, so that actual rows and times are known.
    #[must_use]
    pub fn was_executed(&self) -> bool {
        self.statement.plan.as_ref().is_some_and(|plan| plan.executed)
    }

    /// How the plan reaches the rows of a table.
    #[must_use]
    pub fn access_to(&self, table: &Collection) -> Access<'a> {
        let of_table = |node: &&'a PlanNode| node.collection.as_ref().is_some_and(|name| same_table(name, &table.name));
        let nodes: Vec<&'a PlanNode> = self.plan_nodes().into_iter().filter(of_table).collect();
        let whole =
            nodes.iter().find(|node| matches!(node.operation, Operation::FullScan | Operation::FullIndexScan | Operation::AutomaticIndex));
        match whole {
            Some(node) => Access::Whole(node),
            None if nodes.is_empty() => Access::Unknown,
            None => Access::Index,
        }
    }

    fn text_evidence(&self) -> Evidence {
        const LONGEST: usize = 400;
        let mut text: String = self.statement.text.chars().take(LONGEST).collect();
        if text.len() < self.statement.text.len() {
            text.push('…');
        }
        Evidence::text("statement", text, "workload")
    }
}

/// Whether the node reads every row, or every entry of an index. SQLite writes `SEARCH t` without an index for a minimum or
/// maximum over all rows.
#[must_use]
pub fn reads_whole(node: &PlanNode) -> bool {
    match node.operation {
        Operation::FullScan | Operation::FullIndexScan | Operation::AutomaticIndex => true,
        Operation::IndexScan => node.index.is_none() && node.label.starts_with("SEARCH ") && !node.label.contains(" USING "),
        _ => false,
    }
}

/// Whether the node reads an index that holds only some of the table's rows.
#[must_use]
pub fn uses_partial_index(node: &PlanNode, table: &Collection) -> bool {
    let Some(name) = &node.index else { return false };
    table.indexes.iter().any(|index| index.name == *name && index.predicate.is_some())
}

/// Whether two names may denote one table: a missing schema fits any.
#[must_use]
pub fn same_table(one: &ObjectName, other: &ObjectName) -> bool {
    let schemas = one.schema.is_none() || other.schema.is_none() || one.schema == other.schema;
    schemas && one.name.eq_ignore_ascii_case(&other.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use crate::testing::healthy;
    use dbwright_model::policy::Policy;

    fn statement(text: &str, calls: f64, total_ms: f64, weight: Option<f64>) -> Statement {
        Statement { text: text.to_owned(), calls: Some(calls), total_ms: Some(total_ms), weight, ..Statement::default() }
    }

    #[test]
    fn shares_are_of_counted_time_on_servers_and_of_weighted_time_in_projects() {
        let mut facts = healthy(Engine::Postgresql);
        facts.workload.statements =
            vec![statement("SELECT title FROM product", 10.0, 300.0, Some(1.0)), statement("SELECT id FROM sale", 10.0, 100.0, Some(9.0))];
        let policy = Policy::default();
        let shares =
            |facts: &Facts| -> Vec<f64> { Context::new(facts, &policy).statements().iter().filter_map(|view| view.time_share).collect() };
        assert_eq!(shares(&facts), [0.75, 0.25]);
        facts.workload.source = WorkloadSource::Measured;
        assert_eq!(shares(&facts), [0.25, 0.75]);
    }

    #[test]
    fn objects_are_the_fingerprint_and_the_first_table_as_the_catalog_spells_it() {
        let mut facts = healthy(Engine::Postgresql);
        facts.workload.statements = vec![statement("SELECT s.id FROM SALE AS s JOIN product ON product.id = s.product_id", 1.0, 1.0, None)];
        let policy = Policy::default();
        let context = Context::new(&facts, &policy);
        let view = &context.statements()[0];
        assert_eq!(view.object(), format!("{} public.sale", view.fingerprint));
        assert_eq!(view.fingerprint, dbwright_sql::fingerprint(&view.statement.text, Engine::Postgresql).to_string());
        let finding = view.finding("x");
        assert_eq!(finding.impact.db_time_share, Some(1.0));
    }

    #[test]
    fn a_sample_with_values_is_read_instead_of_placeholders() {
        let mut facts = healthy(Engine::Sqlite);
        let mut one = statement("SELECT title FROM product WHERE title LIKE ?", 1.0, 1.0, None);
        one.samples.push(dbwright_model::workload::Sample {
            text: "SELECT title FROM product WHERE title LIKE '%x'".to_owned(),
            ..Default::default()
        });
        facts.workload.statements = vec![one];
        let policy = Policy::default();
        let context = Context::new(&facts, &policy);
        let kinds: Vec<_> = context.statements()[0].shape.predicates().map(|predicate| predicate.kind.clone()).collect();
        assert_eq!(kinds, [dbwright_sql::PredicateKind::LeadingWildcard]);
    }
}
