//! What the catalog's letters and type names mean in the model's words. It never asks a server.

use dbwright_model::catalog::{Counter, Field, TypeFamily};

/// Alignment in bytes.
#[must_use]
pub fn alignment(letter: &str) -> Option<u8> {
    match letter {
        "c" => Some(1),
        "s" => Some(2),
        "i" => Some(4),
        "d" => Some(8),
        _ => None,
    }
}

/// What a foreign key does when the row it refers to changes.
#[must_use]
pub fn action(letter: &str) -> &'static str {
    match letter {
        "r" => "RESTRICT",
        "c" => "CASCADE",
        "n" => "SET NULL",
        "d" => "SET DEFAULT",
        _ => "NO ACTION",
    }
}

/// The family of a type, from its (or its domain's base type's) name, kind and category.
#[must_use]
pub fn family(base: &str, type_kind: &str, category: &str) -> TypeFamily {
    match base {
        "int2" | "int4" | "int8" => return TypeFamily::Integer,
        "numeric" => return TypeFamily::Decimal,
        "float4" | "float8" => return TypeFamily::Float,
        "money" => return TypeFamily::Money,
        "text" | "varchar" | "name" | "citext" => return TypeFamily::Text,
        "bpchar" | "char" => return TypeFamily::PaddedText,
        "bool" => return TypeFamily::Boolean,
        "date" => return TypeFamily::Date,
        "time" | "timetz" => return TypeFamily::Time,
        "timestamp" => return TypeFamily::Timestamp,
        "timestamptz" => return TypeFamily::TimestampWithZone,
        "interval" => return TypeFamily::Interval,
        "uuid" => return TypeFamily::Uuid,
        "json" | "jsonb" => return TypeFamily::Json,
        "bytea" => return TypeFamily::Binary,
        "tsvector" | "tsquery" => return TypeFamily::TextSearch,
        "vector" | "halfvec" | "sparsevec" => return TypeFamily::Vector,
        "geometry" | "geography" => return TypeFamily::Geometry,
        "macaddr" | "macaddr8" => return TypeFamily::Network,
        _ => {}
    }
    match (type_kind, category) {
        ("e", _) | (_, "E") => TypeFamily::Enum,
        (_, "A") => TypeFamily::Array,
        (_, "I") => TypeFamily::Network,
        (_, "G") => TypeFamily::Geometry,
        ("r" | "m", _) | (_, "R") => TypeFamily::Range,
        (_, "S") => TypeFamily::Text,
        _ => TypeFamily::Other,
    }
}

/// The largest value that a column of this type holds.
#[must_use]
pub fn largest(field: &Field) -> f64 {
    match (field.family, field.type_bytes) {
        (TypeFamily::Integer, Some(2)) => f64::from(i16::MAX),
        (TypeFamily::Integer, Some(4)) => f64::from(i32::MAX),
        (TypeFamily::Integer, _) => i64::MAX as f64,
        _ => f64::MAX,
    }
}

/// The counter of a column that a sequence feeds.
#[must_use]
pub fn counter(field: &Field, last: Option<f64>, sequence_limit: f64) -> Counter {
    Counter { last: last.unwrap_or(0.0), limit: sequence_limit.min(largest(field)), column: field.name.clone() }
}

/// Parts of a list as the server prints it, parted by commas outside of parentheses and quotes.
#[must_use]
pub fn split_list(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut part, mut depth, mut quote) = (String::new(), 0_i32, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(character);
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_families() {
        assert_eq!(family("int4", "b", "N"), TypeFamily::Integer);
        assert_eq!(family("_text", "b", "A"), TypeFamily::Array);
        assert_eq!(family("mood", "e", "E"), TypeFamily::Enum);
        assert_eq!(family("int4multirange", "m", "R"), TypeFamily::Range);
        assert_eq!(family("point", "b", "G"), TypeFamily::Geometry);
        assert_eq!(family("inet", "b", "I"), TypeFamily::Network);
    }

    #[test]
    fn parts_lists() {
        assert_eq!(split_list("lower((a)::text), (b + c), f(x, ',')"), ["lower((a)::text)", "(b + c)", "f(x, ',')"]);
        assert!(split_list("").is_empty());
    }
}
