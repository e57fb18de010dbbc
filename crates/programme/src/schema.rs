//! The JSON Schema of the language, for editors: generated from the types that the parser reads into.

use crate::syntax::file::ProgrammeText;

/// JSON Schema (2020-12) of a programme file.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ProgrammeText);
    schema.insert("title".to_owned(), "Questline programme".into());
    schema.to_value()
}
