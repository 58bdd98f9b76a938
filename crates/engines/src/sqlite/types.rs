//! Declared types: family, length and affinity. It never looks at values.

use dbwright_model::catalog::TypeFamily;

/// How SQLite stores what a column is given (manual, Datatypes, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    Blob,
}

/// The affinity of a declared type.
pub(super) fn affinity(declared: &str) -> Affinity {
    let upper = declared.to_ascii_uppercase();
    let has = |part: &str| upper.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if upper.is_empty() || has("BLOB") {
        Affinity::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The family that a declared type means to be, whatever SQLite makes of it.
pub(super) fn family(declared: &str) -> TypeFamily {
    let upper = declared.to_ascii_uppercase();
    let base = upper.split('(').next().unwrap_or("").trim();
    let has = |part: &str| base.contains(part);
    match base {
        "" | "ANY" => TypeFamily::Other,
        _ if has("BOOL") => TypeFamily::Boolean,
        _ if has("TIMESTAMPTZ") || (has("WITH TIME ZONE") && has("TIMESTAMP")) || has("DATETIMEOFFSET") => TypeFamily::TimestampWithZone,
        _ if has("DATETIME") || has("TIMESTAMP") => TypeFamily::Timestamp,
        "DATE" => TypeFamily::Date,
        "TIME" => TypeFamily::Time,
        _ if has("INTERVAL") => TypeFamily::Interval,
        _ if has("UUID") || has("GUID") || has("UNIQUEIDENTIFIER") => TypeFamily::Uuid,
        _ if has("JSON") => TypeFamily::Json,
        "MONEY" | "SMALLMONEY" => TypeFamily::Money,
        _ if has("DECIMAL") || has("NUMERIC") => TypeFamily::Decimal,
        _ if has("POINT") || has("POLYGON") || has("GEOM") => TypeFamily::Geometry,
        _ => match affinity(declared) {
            Affinity::Integer => TypeFamily::Integer,
            Affinity::Text => TypeFamily::Text,
            Affinity::Blob => TypeFamily::Binary,
            Affinity::Real => TypeFamily::Float,
            Affinity::Numeric => TypeFamily::Other,
        },
    }
}

/// The declared length of a text type, characters; SQLite does not enforce it.
pub(super) fn length(declared: &str) -> Option<u32> {
    if affinity(declared) != Affinity::Text {
        return None;
    }
    let inside = declared.split_once('(')?.1;
    inside.split([')', ',']).next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_follow_the_declared_word() {
        let cases = [
            ("INTEGER", TypeFamily::Integer),
            ("unsigned big int", TypeFamily::Integer),
            ("VARCHAR(20)", TypeFamily::Text),
            ("DECIMAL(10,2)", TypeFamily::Decimal),
            ("datetime", TypeFamily::Timestamp),
            ("double precision", TypeFamily::Float),
            ("BOOLEAN", TypeFamily::Boolean),
            ("", TypeFamily::Other),
            ("BLOB", TypeFamily::Binary),
            ("date", TypeFamily::Date),
        ];
        for (declared, expected) in cases {
            assert_eq!(family(declared), expected, "{declared}");
        }
        assert_eq!(length("NVARCHAR( 42 )"), Some(42));
        assert_eq!(length("DECIMAL(10,2)"), None);
    }
}
