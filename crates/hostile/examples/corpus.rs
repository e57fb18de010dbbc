//! Writes the valid inputs of every target below a folder, for libFuzzer to begin with: `corpus FOLDER`.

use std::path::PathBuf;

use hostile::TARGETS;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .unwrap_or_else(|| "fuzz/corpus".into()),
    );
    for target in TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, input) in (target.corpus)().iter().enumerate() {
            std::fs::write(folder.join(format!("valid-{number:04}")), input)?;
        }
    }
    Ok(())
}
