//! Recognises the dialect of a project from its text: by words and signs that only one dialect has. Without any, it
//! is SQLite. It never parses.

use dbwright_model::Engine;
use dbwright_sql::lexer::{Kind, Lexer};

use super::source::SourceFile;

/// Tokens that are looked at.
const MOST_TOKENS: usize = 200_000;

/// Words that only one of the dialects has where schemas are made.
const WORDS: &[(&str, Engine)] = &[
    ("serial", Engine::Postgresql),
    ("bigserial", Engine::Postgresql),
    ("smallserial", Engine::Postgresql),
    ("jsonb", Engine::Postgresql),
    ("timestamptz", Engine::Postgresql),
    ("timetz", Engine::Postgresql),
    ("bytea", Engine::Postgresql),
    ("plpgsql", Engine::Postgresql),
    ("ilike", Engine::Postgresql),
    ("concurrently", Engine::Postgresql),
    ("extension", Engine::Postgresql),
    ("inet", Engine::Postgresql),
    ("cidr", Engine::Postgresql),
    ("tsvector", Engine::Postgresql),
    ("daterange", Engine::Postgresql),
    ("tstzrange", Engine::Postgresql),
    ("gen_random_uuid", Engine::Postgresql),
    ("generate_series", Engine::Postgresql),
    ("nextval", Engine::Postgresql),
    ("setval", Engine::Postgresql),
    ("identity", Engine::Postgresql),
    ("unlogged", Engine::Postgresql),
    ("search_path", Engine::Postgresql),
    ("pg_catalog", Engine::Postgresql),
    ("auto_increment", Engine::Mysql),
    ("tinyint", Engine::Mysql),
    ("mediumint", Engine::Mysql),
    ("mediumtext", Engine::Mysql),
    ("longtext", Engine::Mysql),
    ("innodb", Engine::Mysql),
    ("utf8mb4", Engine::Mysql),
    ("unsigned", Engine::Mysql),
    ("zerofill", Engine::Mysql),
    ("autoincrement", Engine::Sqlite),
    ("rowid", Engine::Sqlite),
    ("strict", Engine::Sqlite),
    ("pragma", Engine::Sqlite),
    ("fts5", Engine::Sqlite),
    ("rtree", Engine::Sqlite),
    ("strftime", Engine::Sqlite),
    ("randomblob", Engine::Sqlite),
    ("julianday", Engine::Sqlite),
];

/// The dialect that the text speaks for most; SQLite when nothing speaks against it.
#[must_use]
pub fn recognise<'a>(files: impl Iterator<Item = &'a SourceFile>) -> Engine {
    let (mut postgresql, mut mysql, mut mariadb, mut sqlite) = (0_u32, 0_u32, 0_u32, 0_u32);
    for file in files {
        // PostgreSQL's rules find dollar quotes, `::` and the backticks that only MySQL and SQLite quote with.
        for token in Lexer::new(file.text.as_str(), Engine::Postgresql).take(MOST_TOKENS) {
            let text = file.text.get(token.start..token.end).unwrap_or_default();
            match token.kind {
                Kind::Word => {
                    let word = text.to_ascii_lowercase();
                    match WORDS.iter().find(|(known, _)| *known == word).map(|(_, engine)| *engine) {
                        Some(Engine::Postgresql) => postgresql += 2,
                        Some(Engine::Mysql) => mysql += 2,
                        Some(Engine::Sqlite) => sqlite += 2,
                        _ => {}
                    }
                    mariadb += u32::from(matches!(word.as_str(), "mariadb" | "aria" | "versioning"));
                }
                Kind::Operator if text == "::" => postgresql += 2,
                Kind::String if text.starts_with('$') => postgresql += 2,
                _ => {}
            }
        }
        let engine_clause = file.text.to_ascii_lowercase();
        mysql += u32::from(engine_clause.contains("engine=innodb") || engine_clause.contains("engine = innodb"));
    }
    let best = postgresql.max(mysql).max(sqlite);
    match best {
        0 => Engine::Sqlite,
        _ if best == sqlite => Engine::Sqlite,
        _ if best == postgresql => Engine::Postgresql,
        _ if mariadb > 0 => Engine::Mariadb,
        _ => Engine::Mysql,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_known_by_its_words() {
        let cases = [
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", Engine::Sqlite),
            ("CREATE TABLE t (id bigserial PRIMARY KEY)", Engine::Postgresql),
            ("CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b text DEFAULT 'x'::text)", Engine::Postgresql),
            ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", Engine::Postgresql),
            ("CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB", Engine::Mysql),
            ("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY) WITH SYSTEM VERSIONING", Engine::Mariadb),
            ("PRAGMA foreign_keys = ON; CREATE TABLE t (a) WITHOUT ROWID", Engine::Sqlite),
            ("-- bigserial jsonb\nCREATE TABLE t (a TEXT DEFAULT 'serial')", Engine::Sqlite),
        ];
        for (text, expected) in cases {
            assert_eq!(recognise([SourceFile::new("x", text)].iter()), expected, "{text}");
        }
    }
}
