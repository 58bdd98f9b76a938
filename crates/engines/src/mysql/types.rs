//! Declared types in families and widths. It never looks at values.

use dbwright_model::catalog::{Field, TypeFamily};

/// Fills family, width, length and sign of a field from `DATA_TYPE` and `COLUMN_TYPE`.
pub(super) fn describe(field: &mut Field, data_type: &str, length: Option<u64>) {
    let declared = field.type_name.to_ascii_lowercase();
    field.unsigned = declared.contains("unsigned");
    let (family, bytes) = match data_type.to_ascii_lowercase().as_str() {
        "tinyint" if declared.starts_with("tinyint(1)") => (TypeFamily::Boolean, Some(1)),
        "tinyint" => (TypeFamily::Integer, Some(1)),
        "smallint" | "year" => (TypeFamily::Integer, Some(2)),
        "mediumint" => (TypeFamily::Integer, Some(3)),
        "int" | "integer" => (TypeFamily::Integer, Some(4)),
        "bigint" => (TypeFamily::Integer, Some(8)),
        "decimal" | "numeric" => (TypeFamily::Decimal, None),
        "float" => (TypeFamily::Float, Some(4)),
        "double" | "real" => (TypeFamily::Float, Some(8)),
        "bit" => (TypeFamily::Other, None),
        "char" => (TypeFamily::PaddedText, None),
        "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => (TypeFamily::Text, None),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => (TypeFamily::Binary, None),
        "date" => (TypeFamily::Date, Some(3)),
        "time" => (TypeFamily::Time, Some(3)),
        "datetime" => (TypeFamily::Timestamp, Some(5)),
        "timestamp" => (TypeFamily::TimestampWithZone, Some(4)),
        "uuid" => (TypeFamily::Uuid, Some(16)),
        "json" => (TypeFamily::Json, None),
        "enum" | "set" => (TypeFamily::Enum, None),
        "inet4" | "inet6" => (TypeFamily::Network, None),
        "vector" => (TypeFamily::Vector, None),
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" => (TypeFamily::Geometry, None),
        _ => (TypeFamily::Other, None),
    };
    field.family = family;
    field.type_bytes = bytes;
    if matches!(family, TypeFamily::Text | TypeFamily::PaddedText) && !data_type.ends_with("text") {
        field.length = length.and_then(|length| u32::try_from(length).ok());
    }
}

/// The largest value of an integer type.
pub(super) fn largest(field: &Field) -> Option<f64> {
    if field.family != TypeFamily::Integer && field.family != TypeFamily::Boolean {
        return None;
    }
    let bits = field.type_bytes? * 8;
    Some(if field.unsigned { 2_f64.powi(bits as i32) - 1.0 } else { 2_f64.powi(bits as i32 - 1) - 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(declared: &str, data_type: &str) -> Field {
        let mut field = Field { type_name: declared.to_owned(), ..Field::default() };
        describe(&mut field, data_type, Some(20));
        field
    }

    #[test]
    fn widths_and_signs_come_from_the_declaration() {
        assert_eq!(largest(&of("int(10) unsigned", "int")), Some(4_294_967_295.0));
        assert_eq!(largest(&of("smallint(6)", "smallint")), Some(32_767.0));
        assert_eq!((of("tinyint(1)", "tinyint").family, of("varchar(20)", "varchar").length), (TypeFamily::Boolean, Some(20)));
        assert_eq!((of("longtext", "longtext").length, of("timestamp", "timestamp").family), (None, TypeFamily::TimestampWithZone));
        assert_eq!(largest(&of("varchar(20)", "varchar")), None);
    }
}
