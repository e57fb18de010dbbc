use std::path::Path;

use super::Scenario;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// A valid scenario with one place changed.
fn with(old: &str, new: &str) -> Result<Scenario, String> {
    let text = r#"
name = "small"
about = "a test"
lasts_s = 10
warm_up_s = 2
emissions = ["tier_changed"]
[[brand]]
programme = "end_to_end.yaml"
[[stream]]
name = "live"
players = 10
mix = "shop"
rate = { shape = "constant", rate = 100 }
"#;
    assert!(text.contains(old), "{old}");
    let changed = text.replacen(old, new, 1);
    Scenario::parse(&changed, Path::new(FOLDER)).map_err(|why| format!("{why:#}"))
}

#[test]
fn what_is_wrong_is_said() {
    let table = [
        ("lasts_s = 10", "lasts_s = 0", "`lasts_s` is above 0"),
        ("warm_up_s = 2", "warm_up_s = 10", "below `lasts_s`"),
        ("warm_up_s = 2", "warmup_s = 2", "unknown field `warmup_s`"),
        ("\"small\"", "\"a/b\"", "letters, digits"),
        ("end_to_end.yaml", "none.yaml", "none.yaml"),
        ("players = 10", "players = 0", "`players` is 1 to"),
        ("rate = 100", "rate = 0", "no rate is above 0"),
        ("rate = 100", "rate = 9e6", "events are due, the most is"),
        ("rate = 100", "rate = nan", "rates are from 0"),
        ("\"shop\"", "\"show\"", "mix"),
        (
            "\"shop\"",
            "{ order = 1, bet_settled = 1 }",
            "one stream for each",
        ),
        (
            "players = 10",
            "players = 10\nbrand = \"x\"",
            "no programme is of the brand `x`",
        ),
        ("players = 10", "players = 10\nrepeats = 0.9", "`repeats`"),
        (
            "lasts_s = 10",
            "lasts_s = 10\nclock = \"event\"",
            "`occurred` is needed",
        ),
        (
            "lasts_s = 10",
            "lasts_s = 10\nmax_in_flight = 0",
            "`max_in_flight`",
        ),
        (
            "[[brand]]",
            "[[bar]]\nfigure = \"p\"\n[[brand]]",
            "at_most or at_least",
        ),
        (
            "[[brand]]",
            "[[brand]]\nprogramme = \"end_to_end.yaml\"\n[[brand]]",
            "two programmes of the brand",
        ),
    ];
    for (old, new, why) in table {
        let said = with(old, new).err().unwrap_or_default();
        assert!(said.contains(why), "{new}: {said:?}");
    }
}

#[test]
fn what_is_due_is_known_and_scales() {
    let scenario = with("", "").unwrap();
    assert_eq!(
        (scenario.events(), scenario.times(3.0).events()),
        (1_000.0, 3_000.0)
    );
    let late = with("players = 10", "players = 10\nstarts_s = 4\nlasts_s = 100").unwrap();
    assert_eq!(late.events(), 600.0);
}

#[test]
fn the_scenarios_of_the_repository_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(folder).unwrap();
    let scenarios = files.map(|file| file.unwrap().path());
    let scenarios = scenarios.filter(|file| file.extension().is_some_and(|it| it == "toml"));
    let names: Vec<_> = scenarios
        .map(|file| Scenario::read(&file).unwrap().text.name)
        .collect();
    assert!(names.len() >= 5, "{names:?}");
}
