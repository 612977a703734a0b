//! The list of fail points and the source name the same ones, so that the sweep of `tests/faults/sweep.rs` misses none.

use std::{collections::BTreeMap, fs, path::Path};

use maildesk::fail_point::POINTS;

#[test]
fn every_fail_point_of_the_source_is_listed_and_every_listed_one_is_in_the_source_once() {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("src/fail_point.rs") {
                let text = fs::read_to_string(&path).unwrap();
                for (at, marked) in text.match_indices("fail_point!(") {
                    let rest = text[at + marked.len()..].trim_start().strip_prefix('"').expect("a point is named by a literal");
                    *named.entry(rest.split('"').next().unwrap().to_owned()).or_default() += 1;
                }
            }
        }
    }
    for (point, times) in &named {
        assert!(POINTS.contains(&point.as_str()), "{point} is in the source and not in src/fail_point.rs");
        assert_eq!(*times, 1, "{point} marks {times} places, so that nobody knows which was meant");
    }
    for point in POINTS {
        assert!(named.contains_key(*point), "{point} is listed and nowhere in the source");
    }
}
