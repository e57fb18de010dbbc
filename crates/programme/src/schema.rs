//! The JSON Schema of the language, for editors: generated from the types that the parser reads into.

use crate::syntax::file::ProgrammeText;

/// JSON Schema (2020-12) of a programme file.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ProgrammeText);
    schema.insert("title".to_owned(), "Questline programme".into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::json_schema;
    use crate::syntax::{attribute, file, mission, tier};

    macro_rules! keys {
        ($($module:ident::$name:ident),+ $(,)?) => {
            [$((stringify!($name), $module::$name::KEYS)),+]
        };
    }

    #[test]
    fn every_key_that_the_parser_knows_is_in_the_schema_and_no_other() {
        let schema = json_schema();
        let sections = keys![
            file::ProgrammeText,
            file::EventTypeText,
            attribute::AttributeFields,
            file::PointsText,
            file::CapText,
            file::WeightsText,
            file::FundsText,
            file::EarnText,
            file::GiveText,
            file::BoostText,
            file::StackingText,
            mission::MissionText,
            mission::GoalText,
            mission::ClaimText,
            mission::LimitText,
            mission::GrantText,
            tier::TierText,
            tier::QualifyText,
            tier::LevelText,
            tier::RewardText,
            tier::FixedText,
        ];
        for (name, keys) in sections {
            let section = if name == "ProgrammeText" {
                &schema
            } else {
                &schema["$defs"][name]
            };
            let known: BTreeSet<&str> = section["properties"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert_eq!(known, keys.iter().copied().collect(), "{name}");
            assert_eq!(section["additionalProperties"], false, "{name}");
            assert!(
                section["properties"]
                    .as_object()
                    .unwrap()
                    .values()
                    .all(|key| key["description"].is_string()),
                "{name}"
            );
        }
        let sections = schema["$defs"].as_object().unwrap().len();
        assert_eq!(sections, 20, "a section is not in the list of this test");
    }

    #[test]
    fn what_has_to_be_there_is_required() {
        let schema = json_schema();
        assert_eq!(
            schema["required"],
            serde_json::json!(["programme", "brand", "currency"])
        );
        assert_eq!(
            schema["$defs"]["EarnText"]["required"],
            serde_json::json!(["id", "on", "give"])
        );
        let kinds = &schema["$defs"]["PointsText"]["properties"]["kind"]["enum"];
        assert_eq!(*kinds, serde_json::json!(["status", "spendable"]));
    }
}
