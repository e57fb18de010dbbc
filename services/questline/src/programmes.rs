//! Programme files.

use std::path::Path;

use programme::model::Programme;

use crate::exit::Failure;

/// Reads and compiles a programme; all its errors at once, with exit code 2.
pub(crate) fn load(file: &Path) -> Result<Programme, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|why| Failure::bad_input(format!("{name}: {why}")))?;
    programme::compile(&name, &text).map_err(Failure::bad_input)
}
