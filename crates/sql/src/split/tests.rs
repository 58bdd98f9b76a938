use super::*;

fn texts(script: &str, dialect: Engine) -> Vec<&str> {
    split(script, dialect).into_iter().map(|piece| piece.text).collect()
}

const PG: Engine = Engine::Postgresql;
const MY: Engine = Engine::Mysql;
const LITE: Engine = Engine::Sqlite;

#[test]
fn semicolons_in_quotes_and_comments_do_not_split() {
    let script = "select ';', \";\" /* ; */ from t -- ;\n where a = $$;$$; select 2 ;; ";
    assert_eq!(texts(script, PG).len(), 2);
    assert_eq!(texts(script, PG)[1], "select 2");
}

#[test]
fn triggers_of_sqlite_keep_their_body() {
    let script = "CREATE TEMP TRIGGER t AFTER UPDATE ON a WHEN CASE WHEN new.x THEN 1 END BEGIN
        UPDATE b SET x = CASE WHEN 1 THEN 2 ELSE 3 END; DELETE FROM c; END; SELECT 1; BEGIN; COMMIT;";
    let pieces = split(script, LITE);
    assert_eq!(pieces.len(), 4, "{pieces:?}");
    assert!(pieces[0].text.ends_with("END"));
    assert_eq!(pieces[2].text, "BEGIN");
}

#[test]
fn postgresql_bodies() {
    let script = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END;
        CREATE FUNCTION g() RETURNS int AS $f$ BEGIN RETURN 1; END; $f$ LANGUAGE plpgsql;
        CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c);
        BEGIN; SELECT 1; END;";
    let pieces = split(script, PG);
    assert_eq!(pieces.len(), 6, "{pieces:?}");
    assert!(pieces[0].text.ends_with("END"));
    assert!(pieces.iter().all(|piece| piece.delimited && !piece.truncated));
}

#[test]
fn psql_commands_are_client_commands() {
    let script = "\\set x 1\nselect 1;\n\\connect shop\nselect 2 \\gexec\nselect 3;";
    let pieces = split(script, PG);
    let kinds: Vec<PieceKind> = pieces.iter().map(|piece| piece.kind).collect();
    use PieceKind::{ClientCommand, Statement};
    assert_eq!(kinds, [ClientCommand, Statement, ClientCommand, Statement, Statement]);
    assert_eq!(pieces[2].text, "\\connect shop");
    assert_eq!(pieces[3].text, "select 2");
    assert_eq!((pieces[4].line, pieces[4].column), (5, 1));
}

#[test]
fn copy_data_are_no_statements() {
    let script = "COPY a (x) FROM stdin;\n1;\n2'\n\\.\n\nSELECT 1;";
    let pieces = split(script, PG);
    assert_eq!(pieces.len(), 2);
    assert_eq!(&script[pieces[0].copy_data.clone().unwrap_or_default()], "1;\n2'\n");
    assert_eq!(pieces[1].line, 6);
}

#[test]
fn delimiters_of_mysql() {
    let script = "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT '$$'; SELECT 2; END$$\nDELIMITER ;\nSELECT 3;\nDELIMITER //\nSELECT 4//\nSELECT 6 / 2 //";
    let pieces = split(script, MY);
    let statements: Vec<&str> = pieces.iter().filter(|piece| piece.kind == PieceKind::Statement).map(|piece| piece.text).collect();
    assert_eq!(statements, ["CREATE PROCEDURE p() BEGIN SELECT '$$'; SELECT 2; END", "SELECT 3", "SELECT 4", "SELECT 6 / 2"]);
}

#[test]
fn bodies_of_mysql_without_a_delimiter() {
    let script = "CREATE DEFINER=`root`@`localhost` PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; CASE b WHEN 1 THEN SELECT 2; END CASE; WHILE c DO SET c = 0; END WHILE; END; SELECT 2;";
    assert_eq!(texts(script, MY).len(), 2);
    let block = "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; BEGIN; SELECT 3;";
    assert_eq!(texts(block, Engine::Mariadb).len(), 3);
    assert_eq!(texts("select t.begin; select 2\\G\nselect 3;", MY).len(), 3);
}

#[test]
fn comments_belong_to_the_statement_behind_them() {
    let script = "-- file\n\n-- name: one\n/* weight: 3\n * params: 1, 'a:b' */\nselect 1; -- trailing\n# name: two\nselect 2;";
    let pieces = split(script, MY);
    assert_eq!(pieces[0].comments.len(), 3);
    assert_eq!(pieces[0].annotation("name"), Some("one"));
    assert_eq!(pieces[0].annotation("Weight"), Some("3"));
    assert_eq!(pieces[0].annotation("params"), Some("1, 'a:b'"));
    assert_eq!(pieces[1].comments, ["# name: two"]);
    assert_eq!((pieces[1].line, pieces[1].column), (8, 1));
}

#[test]
fn places_count_characters_and_survive_a_byte_order_mark() {
    let script = "\u{feff}select 'é'; select 2;\r\n  select 3";
    let pieces = split(script, LITE);
    assert_eq!(pieces[0].span.start, 3);
    assert_eq!((pieces[1].line, pieces[1].column), (1, 14));
    assert_eq!((pieces[2].line, pieces[2].column), (2, 3));
    assert!(!pieces[2].delimited);
}

#[test]
fn shell_commands_of_sqlite() {
    let pieces = split(".mode csv\nselect 1;\n.tables\n", LITE);
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[2].kind, PieceKind::ClientCommand);
}

#[test]
fn cut_scripts_are_truncated() {
    for (script, dialect) in [("select 'a", PG), ("select 1 /* x", PG), ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", LITE)] {
        let pieces = split(script, dialect);
        assert!(pieces.len() == 1 && pieces[0].truncated, "{script}");
    }
    assert!(split("", PG).is_empty());
    assert!(split("-- only a comment", PG).is_empty());
}

#[test]
fn long_lines_cost_linear_time() {
    let script = "select 1;/**/".repeat(50_000);
    assert_eq!(split(&script, PG).len(), 50_000);
}
