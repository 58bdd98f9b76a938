use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Table {
    Table::from_csv(text.as_bytes(), &CsvOptions::default()).unwrap()
}

fn rows(table: &Table) -> Vec<Vec<Option<String>>> {
    (0..table.rows()).map(|row| table.row(row)).collect()
}

fn cells(row: &[&str]) -> Vec<Option<String>> {
    row.iter().map(|cell| (*cell != "∅").then(|| (*cell).to_owned())).collect()
}

#[test]
fn equal_values_share_a_code_and_nulls_none_of_theirs() {
    let table = read("a,b\nx,1\ny,\nx,2\n,\n");
    assert_eq!(table.columns()[0].codes(), [0, 1, 0, 2]);
    assert_eq!((table.columns()[0].distinct(), table.columns()[0].nulls(), table.columns()[0].cardinality()), (2, 1, 3));
    assert_eq!(table.columns()[1].codes(), [0, 2, 1, 2]);
    assert_eq!(rows(&table)[3], cells(&["∅", "∅"]));
}

#[test]
fn distinct_nulls_get_a_code_each() {
    let options = CsvOptions { null_semantics: NullSemantics::Distinct, ..Default::default() };
    let table = Table::from_csv(b"a,b\n,1\nx,1\n,1\n", &options).unwrap();
    assert_eq!(table.columns()[0].codes(), [1, 0, 2]);
    assert_eq!((table.columns()[0].nulls(), table.columns()[0].cardinality()), (2, 3));
    assert_eq!(table.null_rule().semantics, NullSemantics::Distinct);
}

#[test]
fn quotes_hold_separators_line_ends_and_doubled_quotes() {
    let table = read("a,b\r\n\"x,\r\ny\",\"say \"\"so\"\"\"\r\n\"\",\r\n");
    assert_eq!(rows(&table), [cells(&["x,\r\ny", "say \"so\""]), cells(&["", "∅"])]);
}

#[test]
fn a_byte_order_mark_and_a_missing_last_line_end_do_not_matter() {
    let table = read("\u{feff}a;b\n1;2\n3;4");
    assert_eq!(table.columns()[0].name(), "a");
    assert_eq!(rows(&table), [cells(&["1", "2"]), cells(&["3", "4"])]);
}

#[test]
fn bytes_that_are_not_text_are_kept() {
    let table = Table::from_csv(b"a,b\n\xff\xfe,1\n\xff,1\n\xff\xfe,2\n", &CsvOptions::default()).unwrap();
    assert_eq!(table.columns()[0].codes(), [0, 1, 0]);
    assert_eq!(table.columns()[0].value(0), Some(Value::Whole(b"\xff\xfe")));
}

#[test]
fn a_ragged_row_is_refused_with_its_line_or_padded() {
    let text = "a,b\n\"1\n2\",3\n4\n5,6,7\n";
    let error = Table::from_csv(text.as_bytes(), &CsvOptions::default()).unwrap_err();
    assert!(matches!(error, TableError::Ragged { line: 4, expected: 2, found: 1 }), "{error}");
    let options = CsvOptions { ragged: csv::Ragged::Pad, ..Default::default() };
    let table = Table::from_csv(text.as_bytes(), &options).unwrap();
    assert_eq!(rows(&table), [cells(&["1\n2", "3"]), cells(&["4", "∅"]), cells(&["5", "6"])]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let fails = |bytes: &[u8]| Table::from_csv(bytes, &CsvOptions::default()).unwrap_err();
    assert!(matches!(fails(b""), TableError::Empty));
    assert!(matches!(fails(b"a\n1\n\"x"), TableError::UnclosedQuote { line: 3 }));
    assert!(matches!(fails(b"a\nb,\"c"), TableError::UnclosedQuote { line: 2 }));
    assert!(matches!(fails(b"\xff\xfea\0"), TableError::Utf16));
    let wide = vec!["x"; 513].join(",");
    assert!(matches!(fails(wide.as_bytes()), TableError::TooManyColumns(513)));
    let options = CsvOptions { max_record_bytes: 1 << 18, ..Default::default() };
    let endless = format!("a\n\"{}", "x".repeat(1 << 20));
    assert!(matches!(Table::from_csv(endless.as_bytes(), &options).unwrap_err(), TableError::LongRecord { line: 2, .. }));
    let options = CsvOptions { memory_limit_bytes: Some(1000), ..Default::default() };
    let long = "a\n".to_owned() + &(0..1000).map(|number| format!("{number}\n")).collect::<String>();
    assert!(matches!(Table::from_csv(long.as_bytes(), &options).unwrap_err(), TableError::Memory { limit: 1000, .. }));
}

#[test]
fn a_chunk_that_ends_inside_quotes_leaves_no_fields_behind() {
    let long = "x".repeat(1000);
    let text: String = (0..2000).map(|row| format!("{row},\"{long},\n\",{}\n", row % 7)).collect();
    let table = read(&format!("a,b,c\n{text}"));
    assert_eq!(table.rows(), 2000);
    for row in [0, 254, 255, 256, 1023, 1999] {
        assert_eq!(table.row(row), cells(&[&row.to_string(), &format!("{long},\n"), &(row % 7).to_string()]));
    }
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let table = read("a,b,c\n");
    assert_eq!((table.rows(), table.width()), (0, 3));
    let names = CsvOptions { names: Some(vec!["x".to_owned()]), ..Default::default() };
    assert_eq!(Table::from_csv(b"", &names).unwrap().width(), 1);
    assert_eq!(Table::from_csv(b"1\n\n2\n", &names).unwrap().rows(), 3);
}

#[test]
fn long_values_are_told_apart_without_being_kept() {
    let (same, other) = ("x".repeat(5000), "x".repeat(4999) + "y");
    let table = read(&format!("a\n{same}\n{other}\n{same}\n"));
    assert_eq!(table.columns()[0].codes(), [0, 1, 0]);
    assert!(matches!(table.columns()[0].value(1), Some(Value::Long { bytes: 5000, .. })));
    assert!(table.memory_bytes() < 1000);
    assert_eq!(table.columns()[0].value_bytes(), 15_000);
}

#[test]
fn a_sample_has_codes_of_its_own() {
    let table = read("a,b\n1,x\n2,x\n3,\n4,y\n5,\n6,y\n");
    let sample = table.spread(3);
    assert_eq!(rows(&sample), [cells(&["1", "x"]), cells(&["3", "∅"]), cells(&["5", "∅"])]);
    assert_eq!((sample.columns()[1].distinct(), sample.columns()[1].cardinality(), sample.columns()[1].nulls()), (1, 2, 2));
    assert_eq!(rows(&table.head(2)), [cells(&["1", "x"]), cells(&["2", "x"])]);
}

#[test]
fn rows_can_be_pushed_and_are_counted() {
    let mut builder = TableBuilder::new(vec!["a".to_owned(), "b".to_owned()], NullRule::default(), None).unwrap();
    builder.push_row([Some(b"1".as_slice()), None]).unwrap();
    assert!(matches!(builder.push_row([None]).unwrap_err(), TableError::Ragged { line: 2, expected: 2, found: 1 }));
    let three = [None, None, None];
    assert!(matches!(builder.push_row(three).unwrap_err(), TableError::Ragged { found: 3, .. }));
}

/// A field as a writer may spell it.
fn spelled(text: &str, force: bool) -> String {
    let needs = force || text.is_empty() || text.contains(['"', ',', '\n', '\r', ';', '\t', '|']);
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        values in prop::collection::vec(prop::collection::vec("[a\"\r\n, é;]{0,6}", 3), 0..40),
        force in any::<bool>(), crlf in any::<bool>(), threads in 1usize..3, wide in 0usize..3
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let filler = "z".repeat([0, 1000, 40_000][wide]);
        let mut text = format!("a,b,c{end}");
        for row in &values {
            let line: Vec<String> = row.iter().map(|value| spelled(&(value.clone() + &filler), force)).collect();
            text += &(line.join(",") + end);
        }
        let table = Table::from_csv(text.as_bytes(), &CsvOptions { threads, ..Default::default() }).unwrap();
        prop_assert_eq!(table.rows(), values.len());
        for (index, row) in values.iter().enumerate() {
            for (other_index, other) in values.iter().enumerate() {
                for column in 0..3 {
                    let codes = table.columns()[column].codes();
                    prop_assert_eq!(row[column] == other[column], codes[index] == codes[other_index]);
                }
            }
            if wide == 0 {
                prop_assert_eq!(table.row(index), row.iter().cloned().map(Some).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"a,\"\n\r;\xff".to_vec()), 0..60), pad in any::<bool>()) {
        let ragged = if pad { csv::Ragged::Pad } else { csv::Ragged::Refuse };
        if let Ok(table) = Table::from_csv(&bytes, &CsvOptions { ragged, ..Default::default() }) {
            prop_assert!(table.columns().iter().all(|column| column.codes().len() == table.rows()));
        }
    }
}
