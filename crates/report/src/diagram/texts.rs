//! The diagram in other forms: a picture of its own, and the texts of Mermaid, DBML and Graphviz. Names are quoted so that none
//! can end its place; it draws no data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection, Field, Reference};

use super::diagram;
use crate::sanitise;

/// The style that the page gives to its picture, for a picture that stands alone; light or dark as the viewer prefers.
const STYLE: &str = "svg{background:#f6f8fa}.er text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1b2733}\
.er .n{font-weight:700}.er .p{text-decoration:underline}.er .k{text-anchor:end;fill:#566573;font-size:11px}.er .m{fill:#0a5fb8;font-size:10px}\
.er .g{fill:#566573;font-size:11px}.er rect{fill:#fff;stroke:#b9c6d1}.er .r{fill:none;stroke:#b9c6d1}.er .e{fill:none;stroke:#4688cf;stroke-width:1.3}\
.er .f,.er .o{stroke:#4688cf;stroke-width:1.3;fill:none}.er .o{fill:#fff}\
@media(prefers-color-scheme:dark){svg{background:#10171e}.er text{fill:#e3e9ef}.er .k,.er .g{fill:#9dadbc}.er .m{fill:#74b4ff}.er rect,.er .o{fill:#18212b;stroke:#465666}.er .r{stroke:#465666}}";

/// A picture that stands alone; none when there are no tables.
#[must_use]
pub fn svg(catalog: &Catalog) -> Option<String> {
    let drawn = diagram(catalog)?;
    let start = "<svg class=\"er\" ";
    let rest = drawn.svg.strip_prefix(start)?;
    let (head, body) = rest.split_once('>')?;
    let mut out = format!("{start}xmlns=\"http://www.w3.org/2000/svg\" {head}><style>{STYLE}</style>{body}\n");
    // Links lead to the page's tables, which are not here.
    while let Some(at) = out.find(" href=\"#table-") {
        let end = out[at + 14..].find('"').map_or(out.len(), |end| at + 14 + end + 1);
        out.replace_range(at..end, "");
    }
    Some(out)
}

/// `erDiagram` of Mermaid.
#[must_use]
pub fn mermaid(catalog: &Catalog) -> String {
    let names = Names::new(catalog);
    let mut out = String::from("erDiagram\n");
    for table in catalog.tables() {
        let _ = writeln!(out, "    {}[\"{}\"] {{", names.id(&table.name), mermaid_text(&table.name.to_string()));
        for field in &table.fields {
            let marks: Vec<&str> = [(is_primary(table, field), "PK"), (refers(table, field), "FK"), (is_unique(table, field), "UK")]
                .into_iter()
                .filter_map(|(is, mark)| is.then_some(mark))
                .collect();
            let line = format!("{} {} {}", word(&field.type_name, "untyped"), word(&field.name, "column"), marks.join(", "));
            let _ = writeln!(out, "        {}", line.trim_end());
        }
        out.push_str("    }\n");
    }
    for (table, reference) in references(catalog) {
        let parent = if reference.columns.iter().all(|name| table.field(name).is_some_and(|field| !field.nullable)) { "||" } else { "|o" };
        let child = if is_one_to_one(table, reference) { "o|" } else { "o{" };
        let label = mermaid_text(&reference.columns.join(", "));
        let _ = writeln!(out, "    {} {parent}--{child} {} : \"{label}\"", names.id(&reference.target), names.id(&table.name));
    }
    out
}

/// DBML, as dbdiagram.io and its tools read it.
#[must_use]
pub fn dbml(catalog: &Catalog) -> String {
    let mut out = String::new();
    for table in catalog.tables() {
        let _ = writeln!(out, "Table {} {{", dbml_name(&table.name));
        let primary = table.keys.iter().find(|key| key.primary);
        for field in &table.fields {
            let mut settings = Vec::new();
            if primary.is_some_and(|key| key.columns == [field.name.clone()]) {
                settings.push("pk".to_owned());
            }
            if field.identity {
                settings.push("increment".to_owned());
            }
            if !field.nullable {
                settings.push("not null".to_owned());
            }
            if is_unique(table, field) {
                settings.push("unique".to_owned());
            }
            if let Some(default) = &field.default {
                settings.push(format!("default: `{}`", sanitise::line(default).replace('`', "'")));
            }
            let settings = if settings.is_empty() { String::new() } else { format!(" [{}]", settings.join(", ")) };
            let type_name = if field.type_name.is_empty() { "untyped" } else { &field.type_name };
            let _ = writeln!(out, "  {} {}{settings}", quoted(&field.name), quoted(type_name));
        }
        dbml_indexes(table, &mut out);
        out.push_str("}\n\n");
    }
    for (table, reference) in references(catalog) {
        let kind = if is_one_to_one(table, reference) { "-" } else { ">" };
        let side = |name: &ObjectName, columns: &[String]| {
            let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            let columns = if columns.len() == 1 { columns.concat() } else { format!("({})", columns.join(", ")) };
            format!("{}.{columns}", dbml_name(name))
        };
        let target = target_columns(catalog, reference);
        let _ = writeln!(out, "Ref: {} {kind} {}", side(&table.name, &reference.columns), side(&reference.target, &target));
    }
    out
}

fn dbml_indexes(table: &Collection, out: &mut String) {
    let mut lines = Vec::new();
    for key in table.keys.iter().filter(|key| key.columns.len() > 1) {
        let columns: Vec<String> = key.columns.iter().map(|column| quoted(column)).collect();
        lines.push(format!("    ({}) [{}]", columns.join(", "), if key.primary { "pk" } else { "unique" }));
    }
    for index in table.indexes.iter().filter(|index| index.constraint.is_none() && !index.automatic) {
        let part = |part: &dbwright_model::catalog::IndexPart| match (&part.column, &part.expression) {
            (Some(column), _) => quoted(column),
            (None, expression) => format!("`{}`", sanitise::line(expression.as_deref().unwrap_or("?")).replace('`', "'")),
        };
        let parts: Vec<String> = index.parts.iter().map(part).collect();
        let unique = if index.unique { ", unique" } else { "" };
        lines.push(format!("    ({}) [name: '{}'{unique}]", parts.join(", "), sanitise::line(&index.name).replace('\'', "\\'")));
    }
    if !lines.is_empty() {
        let _ = writeln!(out, "\n  indexes {{\n{}\n  }}", lines.join("\n"));
    }
}

/// The language of Graphviz.
#[must_use]
pub fn dot(catalog: &Catalog) -> String {
    let names = Names::new(catalog);
    let mut out = String::from(
        "digraph schema {\n  rankdir=LR;\n  node [shape=plain, fontname=\"Helvetica\"];\n  edge [color=\"#4688cf\", arrowhead=none, arrowtail=crow, dir=back];\n",
    );
    for table in catalog.tables() {
        let mut rows = format!("<tr><td bgcolor=\"#e6ecf1\"><b>{}</b></td></tr>", html(&table.name.to_string()));
        for (at, field) in table.fields.iter().enumerate() {
            let name = if is_primary(table, field) { format!("<u>{}</u>", html(&field.name)) } else { html(&field.name) };
            let _ = write!(
                rows,
                "<tr><td port=\"c{at}\" align=\"left\">{name} <font color=\"#566573\">{}</font></td></tr>",
                html(&field.type_name)
            );
        }
        let _ = writeln!(
            out,
            "  {} [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\">{rows}</table>>];",
            names.id(&table.name)
        );
    }
    for (table, reference) in references(catalog) {
        let port = |table: &Collection, columns: &[String]| {
            let at = columns.first().and_then(|name| table.fields.iter().position(|field| field.name == *name));
            at.map(|at| format!(":c{at}")).unwrap_or_default()
        };
        let parent = catalog.find(&reference.target).map(|parent| port(parent, &target_columns(catalog, reference))).unwrap_or_default();
        let _ = writeln!(out, "  {}{parent} -> {}{};", names.id(&reference.target), names.id(&table.name), port(table, &reference.columns));
    }
    out.push_str("}\n");
    out
}

/// References to tables that are there.
fn references(catalog: &Catalog) -> impl Iterator<Item = (&Collection, &Reference)> {
    let all = catalog.tables().flat_map(|table| table.references.iter().map(move |reference| (table, reference)));
    all.filter(|(_, reference)| catalog.find(&reference.target).is_some_and(|target| target.kind.is_table()))
}

/// The columns referred to: those named, else the target's primary key.
fn target_columns(catalog: &Catalog, reference: &Reference) -> Vec<String> {
    if !reference.target_columns.is_empty() {
        return reference.target_columns.clone();
    }
    let key = catalog.find(&reference.target).and_then(|target| target.keys.iter().find(|key| key.primary));
    key.map(|key| key.columns.clone()).unwrap_or_default()
}

fn is_primary(table: &Collection, field: &Field) -> bool {
    table.keys.iter().any(|key| key.primary && key.columns.contains(&field.name))
}

fn is_unique(table: &Collection, field: &Field) -> bool {
    table.keys.iter().any(|key| !key.primary && key.columns == [field.name.clone()])
}

fn refers(table: &Collection, field: &Field) -> bool {
    table.references.iter().any(|reference| reference.columns.contains(&field.name))
}

fn is_one_to_one(table: &Collection, reference: &Reference) -> bool {
    table.keys.iter().any(|key| key.columns == reference.columns)
}

/// Short identifiers for languages whose names can't hold everything.
struct Names<'a>(BTreeMap<&'a ObjectName, String>);

impl<'a> Names<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = BTreeMap::new();
        for table in catalog.tables() {
            let base = word(&table.name.name, "t");
            let count = used.entry(base.clone()).or_default();
            *count += 1;
            names.insert(&table.name, if *count == 1 { base } else { format!("{base}_{count}") });
        }
        Self(names)
    }

    fn id(&self, name: &ObjectName) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| word(&name.name, "t"))
    }
}

/// Letters, digits and underscores only; not empty, and not starting with a digit.
fn word(text: &str, otherwise: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().take(80) {
        let keep = letter.is_ascii_alphanumeric() || letter == '_';
        if keep || !out.ends_with('_') {
            out.push(if keep { letter } else { '_' });
        }
    }
    let out = out.trim_matches('_').to_owned();
    match out.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{out}"),
        Some(_) => out,
    }
}

fn mermaid_text(text: &str) -> String {
    sanitise::line(text).replace('"', "'")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", sanitise::line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn dbml_name(name: &ObjectName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}

fn html(text: &str) -> String {
    let mut out = String::new();
    sanitise::html_into(&sanitise::line(text), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::Key;

    use super::*;

    fn catalog() -> Catalog {
        let field = |name: &str, type_name: &str| Field { name: name.into(), type_name: type_name.into(), ..Field::default() };
        let key =
            |columns: &[&str]| Key { primary: true, columns: columns.iter().map(|one| (*one).to_owned()).collect(), ..Key::default() };
        let parent = Collection {
            name: ObjectName::bare("a \"b\" <c>"),
            fields: vec![field("id", "bigint"), field("x\"]}\n", "numeric(10, 2)")],
            keys: vec![key(&["id"])],
            ..Collection::default()
        };
        let child = Collection {
            name: ObjectName::bare("child"),
            fields: vec![field("parent", "bigint"), field("no", "")],
            keys: vec![key(&["parent", "no"])],
            references: vec![Reference { columns: vec!["parent".into()], target: parent.name.clone(), ..Reference::default() }],
            ..Collection::default()
        };
        Catalog { collections: vec![parent, child], ..Catalog::default() }
    }

    #[test]
    fn mermaid_quotes_names_and_draws_cardinality() {
        let text = mermaid(&catalog());
        assert!(text.contains("a_b_c[\"a 'b' <c>\"] {"), "{text}");
        assert!(text.contains("        numeric_10_2 x\n"), "{text}");
        assert!(text.contains("    a_b_c ||--o{ child : \"parent\""), "{text}");
    }

    #[test]
    fn dbml_keeps_hostile_names_inside_their_quotes() {
        let text = dbml(&catalog());
        assert!(text.contains("Table \"a \\\"b\\\" <c>\" {"), "{text}");
        assert!(text.contains("  \"id\" \"bigint\" [pk, not null]"), "{text}");
        assert!(text.contains("    (\"parent\", \"no\") [pk]"), "{text}");
        assert!(text.contains("Ref: \"child\".\"parent\" > \"a \\\"b\\\" <c>\".\"id\""), "{text}");
    }

    #[test]
    fn dot_and_svg_escape_markup() {
        let text = dot(&catalog());
        assert!(text.contains("a_b_c:c0 -> child:c0;") && text.contains("&lt;c&gt;"), "{text}");
        let picture = svg(&catalog()).expect("two tables");
        assert!(picture.starts_with("<svg class=\"er\" xmlns=") && !picture.contains("href") && picture.contains("<style>"), "{picture}");
        let mut reader = quick_xml::Reader::from_str(&picture);
        while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
        assert!(svg(&Catalog::default()).is_none());
    }
}
