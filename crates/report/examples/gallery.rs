//! Writes the sample reports in every form to a directory, to be looked at: `cargo run -p dbwright-report --example gallery --
//! DIRECTORY`. It never touches anything else.

use std::path::PathBuf;

use dbwright_report::{Format, Options, render, testing};

fn main() -> std::io::Result<()> {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned()));
    std::fs::create_dir_all(&directory)?;
    let catalogue = testing::catalogue();
    let mut crowded = testing::sample();
    if let Some(facts) = &mut crowded.facts {
        facts.catalog = testing::catalog(200);
    }
    let reports = [
        ("sample", testing::sample()),
        ("clean", testing::clean()),
        ("hostile", testing::hostile()),
        ("many", testing::many(3000)),
        ("crowded", crowded),
    ];
    for (name, report) in reports {
        for format in Format::ALL {
            let options = Options { verbose: format != Format::Terminal, color: format == Format::Terminal, ..Options::default() };
            std::fs::write(directory.join(format!("{name}.{}", format.name())), render(format, &report, &catalogue, &options))?;
        }
        let details = Options { verbose: true, color: true, ..Options::default() };
        std::fs::write(directory.join(format!("{name}.verbose")), render(Format::Terminal, &report, &catalogue, &details))?;
    }
    Ok(())
}
