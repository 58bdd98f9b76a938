use super::*;
use dbwright_model::engine::Engine::{self, Mariadb, Mysql, Postgresql, Sqlite};

#[track_caller]
fn same(dialect: Engine, texts: &[&str]) {
    for text in texts {
        assert_eq!(normalize(text, dialect), normalize(texts[0], dialect), "{text}");
        assert_eq!(fingerprint(text, dialect), fingerprint(texts[0], dialect), "{text}");
    }
}

#[track_caller]
fn different(dialect: Engine, texts: &[&str]) {
    for (index, one) in texts.iter().enumerate() {
        for other in &texts[index + 1..] {
            assert_ne!(fingerprint(one, dialect), fingerprint(other, dialect), "{one} | {other}");
            assert_ne!(normalize(one, dialect), normalize(other, dialect), "{one} | {other}");
        }
    }
}

#[test]
fn spacing_case_comments_and_semicolons_fold() {
    for dialect in [Postgresql, Mysql, Sqlite, Mariadb] {
        same(
            dialect,
            &[
                "SELECT a, b FROM t WHERE a = 1",
                "select A,B from T where a=2;",
                "\n select/* x */a , b\tfrom t -- y\n where a = 3 ; ;",
                "/*+ hint */ select a,b from t where a=/*z*/4",
                "; select a,b from t where a=4",
            ],
        );
    }
    same(Postgresql, &["select a", "select /* a /* b */ c */ a"]);
    same(Mysql, &["select a", "select # x\n a", "select /*!40001 a */"]);
}

#[test]
fn literals_and_parameters_fold() {
    same(
        Postgresql,
        &[
            "select * from t where a = 1",
            "select * from t where a = 'x''y'",
            "select * from t where a = E'x\\'y'",
            "select * from t where a = $$x$$",
            "select * from t where a = $x$ $$ ' $x$",
            "select * from t where a = $1",
            "select * from t where a = ?",
            "select * from t where a = :a",
            "select * from t where a = @a",
            "select * from t where a = %s",
            "select * from t where a = -1.5e3",
            "select * from t where a = + 5",
            "select * from t where a = - -5",
            "select * from t where a = NULL",
            "select * from t where a = true",
            "select * from t where a = x'ff'",
            "select * from t where a = U&'\\0061' UESCAPE '!'",
            "select * from t where a = 'a'\n'b'",
            "select * from t where a = 0x1F",
            "select * from t where a = .5",
            "select * from t where a = %(name)s",
            "select * from t where a=-5",
        ],
    );
    same(
        Mysql,
        &[
            "select * from t where a = 1",
            "select * from t where a = \"x\\\"y\"",
            "select * from t where a = 'x\\'y'",
            "select * from t where a = _utf8mb4'x'",
            "select * from t where a = 'a' 'b'",
            "select * from t where a = ?",
            "select * from t where a = N'x'",
            "select * from t where a = b'1'",
        ],
    );
}

#[test]
fn lists_fold() {
    same(
        Postgresql,
        &[
            "select 1 from t where a in (1)",
            "select 1 from t where a in (1,2, 3)",
            "select 5 from t where a in ($1, -2)",
            "select 5 from t where a in (NULL, 'x', true)",
        ],
    );
    same(Postgresql, &["select a in ((1,2))", "select a in ((1,2),(3,4))"]);
    same(Postgresql, &["select a in ('a'::text)", "select a in ('a'::text, 'b'::text)"]);
    same(Postgresql, &["select a = any(array[1])", "select a = any(array[1,2])"]);
    same(Mysql, &["insert into t (a, b) values (1, 'x')", "insert into t (a,b) values (1,2),(3,4),(5,NULL)"]);
    same(
        Mysql,
        &[
            "insert into t values row(1), row(2) on duplicate key update a = values(a), b = values(b)",
            "insert into t values row(1) on duplicate key update a = values(a), b = values(b)",
        ],
    );
    same(Postgresql, &["insert into t values (1, now()), (2, now()) returning a, b", "insert into t values (1, now()) returning a, b"]);
    same(Postgresql, &["select * from (values (1,2),(3,4)) as v(a,b), u", "select * from (values (1,2)) as v(a,b), u"]);
    same(Sqlite, &["insert into t values (1, default), (2, 3), (4, default)", "insert into t values (1, default), (2, 3)"]);
    different(
        Postgresql,
        &[
            "select 1 from t where a in (1)",
            "select 1 from t where a in (b)",
            "select 1 from t where a in (b, 1)",
            "select 1 from t where a in (b, c)",
            "select 1 from t where a in (select 1)",
            "select 1 from t where a = 1",
            "select 1 from t where a not in (1)",
            "select 1 from t where a in (select 1, 1)",
        ],
    );
    different(Mysql, &["select f(1)", "select f(1, 1)", "select f(1, 1, 1)"]);
    different(
        Mysql,
        &[
            "insert into t values (1)",
            "insert into t values (1, 2)",
            "insert into t(a) values (1)",
            "insert into t values (1) on duplicate key update a = values(a)",
            "insert into t values (1) on duplicate key update a = values(a), a = values(a)",
            "insert into t values (1) on duplicate key update a = values(b)",
        ],
    );
}

#[test]
fn null_and_truth_are_structure_where_they_are() {
    different(
        Postgresql,
        &["select a is null", "select a is not null", "select a is true", "select a is not true", "select a is false", "select a = null"],
    );
    different(
        Mysql,
        &[
            "create table t (a int null)",
            "create table t (a int not null)",
            "create table t (a int default null)",
            "create table t (a varchar(5) null)",
            "create table t (a varchar(5))",
        ],
    );
    same(Postgresql, &["select not true", "select not false"]);
    different(Postgresql, &["alter table t alter c set default 1", "alter table t alter c set null"]);
}

#[test]
fn identifiers_fold_as_their_dialect_compares_them() {
    same(Postgresql, &["select name from t", "select \"name\" from \"t\"", "SELECT NAME FROM T"]);
    different(Postgresql, &["select name from t", "select \"Name\" from t", "select \"na me\" from t", "select \"na\"\"me\" from t"]);
    different(Postgresql, &["select user", "select \"user\""]);
    different(Postgresql, &["select null", "select \"null\""]);
    same(Sqlite, &["select name from t", "select [Name] from \"T\"", "select `NAME` from t"]);
    same(Mysql, &["select name from t", "select `Name` from `t`"]);
    different(Mysql, &["select `order` from t", "select order from t", "select `a b` from t", "select a b from t"]);
    different(Postgresql, &["select t.values from t", "select t.value from t"]);
}

#[test]
fn operators_and_signs_stay_apart() {
    different(
        Postgresql,
        &[
            "select a - 5",
            "select a + 5",
            "select a",
            "select - a",
            "select a ? 'x'",
            "select a ?| 'x'",
            "select a -> 'x'",
            "select a ->> 'x'",
            "select a || 'x'",
            "select offset - 5",
        ],
    );
    same(Postgresql, &["select a - 5", "select a -5", "select a-5", "select a - -5"]);
    same(Postgresql, &["select a <> 5", "select a != 5"]);
    same(Sqlite, &["select a == 5", "select a = 5"]);
    different(Postgresql, &["select (a) - 5", "select (a) + 5"]);
    different(Mysql, &["select @a", "select @b", "select ?"]);
}

#[test]
fn positions_are_columns() {
    different(Postgresql, &["select a, b from t order by 1", "select a, b from t order by 2", "select a, b from t order by 1, 2"]);
    same(Postgresql, &["select a from t order by 1 limit 5", "select a from t order by 1 limit 10"]);
    same(Mysql, &["select a from t order by b limit 5, 10", "select a from t order by b limit 6, 11"]);
    same(Postgresql, &["select a from t order by 1 + b", "select a from t order by 2 + b"]);
}

#[test]
fn cut_texts_say_so() {
    for text in ["select 'a", "select \"a", "select /* a", "select f(a", "select * from t where a in (1, 2", "select $$x", "select a ..."] {
        assert!(digest(text, Postgresql).truncated, "{text}");
    }
    for text in ["select 'a'", "select f(a)", "select a -- x", "", "select 1)"] {
        assert!(!digest(text, Postgresql).truncated, "{text}");
    }
}

#[test]
fn normal_text_is_readable() {
    let cases = [
        (
            "select count(*),t.a::int from public.t as t where x->>'k'='v' order by 1 desc",
            "SELECT count( * ), t.a::int FROM public.t AS t WHERE x ->> ? = ? ORDER BY 1 DESC",
        ),
        ("update \"My Table\" set a=a+1 where \"b\" is null", "UPDATE \"My Table\" SET a = a + ? WHERE b IS NULL"),
        ("insert into t values (1,2),(3,4) returning id", "INSERT INTO t VALUES (?, ?), … RETURNING id"),
        ("select a[1], ( b ) from t; select 2;", "SELECT a[?], (b) FROM t; SELECT ?"),
    ];
    for (text, expected) in cases {
        assert_eq!(normalize(text, Postgresql), expected.replace("( * )", "(*)"));
    }
    assert_eq!(normalize("select `a b` from `t`", Mysql), "SELECT `a b` FROM t");
}

#[test]
fn fingerprints_are_stable_and_round_trip() {
    let one = fingerprint("select 1", Postgresql);
    assert_eq!(one.to_string(), fingerprint("SELECT $1", Sqlite).to_string());
    assert_eq!(one.to_string().parse(), Ok(one));
    assert!("xyz".parse::<Fingerprint>().is_err());
    assert!("+0000000000000000000000000000001".parse::<Fingerprint>().is_err());
}
