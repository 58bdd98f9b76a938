//! The seeds of the fuzz targets, what fuzzing has found among them, go through the same functions in every test run.

mod common;
#[path = "../../../fuzz/entries.rs"]
mod entries;

#[test]
fn every_seed_goes_through_its_target() {
    for (name, entry) in entries::ENTRIES {
        let mut seeds: Vec<_> = std::fs::read_dir(common::root().join("fuzz/seeds").join(name))
            .unwrap_or_else(|error| panic!("fuzz/seeds/{name}: {error}"))
            .map(|file| file.expect("a file").path())
            .collect();
        seeds.sort();
        assert!(seeds.len() > 1, "{name} has no seeds to begin with");
        for seed in seeds {
            eprintln!("{}", seed.display());
            entry(&std::fs::read(&seed).expect("a seed"));
        }
    }
}

/// Every target is built by its own name, so that scripts/fuzz finds them all.
#[test]
fn every_entry_is_a_target() {
    let directory = common::root().join("fuzz/fuzz_targets");
    let mut targets: Vec<String> = std::fs::read_dir(directory)
        .expect("the targets")
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    targets.sort();
    assert_eq!(targets, entries::ENTRIES.map(|(name, _)| name));
    let manifest = std::fs::read_to_string(common::root().join("fuzz/Cargo.toml")).expect("the manifest");
    assert!(targets.iter().all(|name| manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\""))));
}
