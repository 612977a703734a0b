//! The two migrations make the same tables with the same columns.

use std::collections::BTreeMap;

/// Table to columns, as the `create table` statements of a migration name them.
fn tables(sql: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    let without_comments: String = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    for statement in without_comments.split("create table ").skip(1) {
        let (name, rest) = statement.split_once('(').unwrap();
        let body = rest.split("\n)").next().unwrap();
        let columns =
            body.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with("primary key") && !it.starts_with("unique"));
        tables.insert(name.trim().to_owned(), columns.map(|it| it.split_whitespace().next().unwrap().to_owned()).collect());
    }
    tables
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let (mut sqlite, mut postgres) = (BTreeMap::new(), BTreeMap::new());
    for (folder, into) in [("sqlite", &mut sqlite), ("postgres", &mut postgres)] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(path).unwrap().map(|it| it.unwrap().path()).collect();
        files.sort();
        for file in files {
            into.extend(tables(&std::fs::read_to_string(file).unwrap()));
        }
    }
    // Full text is the one thing they do differently: a virtual table here, a vector there.
    postgres.remove("search");
    assert!(sqlite.len() > 15);
    assert_eq!(sqlite, postgres);
}
