//! 0 done, 1 failed, 2 bad input, 64 bad usage: what a script may rely on.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use support::{arg, example, run};

#[track_caller]
fn check(args: &[&str], code: i32, said: &str) {
    let output = run(args.iter().copied());
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(said), "{args:?}: {text}");
}

#[test]
fn help_is_an_answer_and_has_examples() {
    check(&["--help"], 0, "questline demo");
    check(&["--version"], 0, "questline");
    for command in [
        "serve", "demo", "check", "simulate", "send", "players", "explain", "audit", "config",
        "repair", "diff", "schema", "preview", "fmt",
    ] {
        check(&[command, "--help"], 0, "Examples:");
    }
    check(&["key", "create", "--help"], 0, "Examples:");
    check(&["cluster", "status", "--help"], 0, "Examples:");
}

#[test]
fn bad_usage_is_64() {
    check(&[], 64, "Usage");
    check(&["simulat"], 64, "simulate");
    check(&["simulate"], 64, "--programme");
    check(
        &[
            "simulate",
            "--programme",
            "p",
            "--events",
            "e",
            "--until",
            "soon",
        ],
        64,
        "--until",
    );
    check(&["audit"], 64, "what to audit");
    check(
        &["explain", "--key", "k", "--player", "p", "536365"],
        64,
        "SOURCE/ID",
    );
    check(&["config", "--role", "ingest"], 64, "go together");
}

#[test]
fn a_wrong_programme_is_2_and_every_error_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.yaml");
    std::fs::write(
        &file,
        "programme: p\nbrand: b\ncurrency: GPB\npoints: {xp: {knd: status}}\n",
    )
    .unwrap();
    for said in ["wrong.yaml:3:", "GPB", "knd", "kind"] {
        check(&["check", arg(&file)], 2, said);
    }
    check(
        &[
            "simulate",
            "--programme",
            arg(&file),
            "--events",
            "none.jsonl",
        ],
        2,
        "knd",
    );
}

#[test]
fn a_right_programme_is_0_and_may_be_listed() {
    let file = example("online-retail/programme.yaml");
    check(&["check", arg(&file)], 0, "no errors");
    check(&["check", "--verbose", arg(&file)], 0, "five_orders");
}

#[test]
fn programmes_are_formatted_in_place_or_only_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let (messy, neat) = (
        "brand:   b # whose\nprogramme: p\n",
        "programme: p\nbrand: b # whose\n",
    );
    let (file, fine) = (write("messy.yaml", messy), write("fine.yaml", neat));
    let wrong = write("wrong.yaml", "programme: [p\n");
    let read = |file: &std::path::Path| std::fs::read_to_string(file).unwrap();
    let (messy_file, fine, wrong) = (arg(&file), arg(&fine), arg(&wrong));
    check(&["fmt", "--check", fine], 0, "");
    check(
        &["fmt", "--check", fine, messy_file],
        1,
        "-brand:   b # whose\n programme: p\n+brand: b # whose\n",
    );
    assert_eq!(read(&file), messy);
    // One that is wrong is left as it is, and the others are done.
    check(&["fmt", wrong, messy_file, fine], 2, "wrong.yaml:1:12");
    assert_eq!(read(&file), neat);
    check(&["fmt", "--check", messy_file], 0, "");
    check(&["fmt", "none.yaml"], 2, "none.yaml");
    check(&["fmt"], 64, "<FILE>");
    let piped = |flags: &[&str], text: &str| {
        let file = std::fs::File::open(write("in.yaml", text)).unwrap();
        let output = support::questline()
            .arg("fmt")
            .args(flags)
            .arg("-")
            .stdin(file)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(piped(&[], messy), (Some(0), neat.to_owned()));
    assert_eq!(piped(&[], "a: [\n"), (Some(2), String::new()));
    assert_eq!(piped(&["--check"], neat), (Some(0), String::new()));
    assert_eq!(piped(&["--check"], messy).0, Some(1));
}

#[test]
fn programmes_that_differ_are_an_answer_and_1_only_where_a_script_asks() {
    let one = example("online-retail/programme.yaml");
    let text = std::fs::read_to_string(&one).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    assert!(text.contains("currency: GBP"));
    let same = write("same.yaml", &format!("# the same\n{text}"));
    let other = write(
        "other.yaml",
        &text.replace("currency: GBP", "currency: EUR"),
    );
    let wrong = write("wrong.yaml", "programme: p\nbrand: b\ncurrency: GPB\n");
    let (one, same, other, wrong) = (arg(&one), arg(&same), arg(&other), arg(&wrong));
    check(&["diff", one, same], 0, "no difference");
    check(&["diff", one, same, "--exit-code"], 0, "no difference");
    check(&["diff", one, same, "--json"], 0, "\"changes\":[]");
    let said = "programme: currency GBP -> EUR\n";
    check(&["diff", one, other], 0, said);
    check(
        &["diff", one, other],
        0,
        "cannot be published: `currency` stays GBP",
    );
    check(&["diff", one, other, "--exit-code"], 1, said);
    let said = "{\"after\":\"EUR\",\"before\":\"GBP\",\"change\":\"changed\",\"field\":\"currency\",\"id\":\"\",\"kind\":\"programme\"}";
    check(&["diff", one, other, "--json"], 0, said);
    check(&["diff", wrong, other], 2, "GPB");
    check(&["diff", one, "none.yaml"], 2, "none.yaml");
    for said in ["wrong.yaml:3:", "none.yaml"] {
        check(&["diff", wrong, "none.yaml", "--exit-code"], 2, said);
    }
    check(&["diff", one], 64, "<AFTER>");
}

#[test]
fn the_schema_is_printed_whole() {
    let output = run(["schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "Questline programme");
    assert!(schema["properties"]["missions"].is_object());
}

#[test]
fn a_file_that_is_not_there_or_not_as_mapped_is_2() {
    let programme = example("online-retail/programme.yaml");
    let mapping = example("online-retail/mapping.yaml");
    let simulate = ["simulate", "--programme", arg(&programme), "--events"];
    check(&[&simulate[..], &["none.jsonl"]].concat(), 2, "none.jsonl");
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.csv");
    std::fs::write(&other, "a,b\n1,2\n").unwrap();
    let mapped = [&simulate[..], &[arg(&other), "--mapping", arg(&mapping)]].concat();
    check(&mapped, 2, "no column `customer_id`");
}

#[test]
fn a_server_that_is_not_there_is_1() {
    // Port 1 on this machine: nobody listens.
    check(
        &["players", "--from", "http://127.0.0.1:1", "--key", "k"],
        1,
        "nobody answers at http://127.0.0.1:1: Connection refused",
    );
    check(
        &["cluster", "status", "--at", "http://127.0.0.1:1"],
        1,
        "nobody answers at http://127.0.0.1:1",
    );
}

#[test]
fn a_key_is_printed_once_and_bad_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let create = [
        "key",
        "create",
        "--data",
        arg(folder.path()),
        "--brand",
        "b",
        "--source",
    ];
    check(
        &[&create[..], &["shop", "--scopes", "ingest,read"]].concat(),
        0,
        "ql_",
    );
    check(
        &[&create[..], &["shop", "--scopes", "everything"]].concat(),
        64,
        "one of ingest",
    );
    check(
        &[&create[..], &["questline", "--scopes", "ingest"]].concat(),
        64,
        "reserved",
    );
    let file = std::fs::read_to_string(folder.path().join("keys.json")).unwrap();
    assert!(
        !file.contains("ql_"),
        "the key's text is kept nowhere: {file}"
    );
}
