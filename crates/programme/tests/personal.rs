//! Attributes that say who a player is: how they are declared, and who may not read them.

const HEAD: &str = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n";

/// Place and message of each error, places below the head; and what is meant where that is said.
fn told(body: &str) -> String {
    let lines = HEAD.lines().count();
    let told = |one: &programme::Diagnostic| {
        let help = one.help.as_deref();
        let help = help.map_or(String::new(), |help| format!(" ({help})"));
        format!("{}:{} {}{help}", one.line - lines, one.column, one.message)
    };
    match programme::compile("p.yaml", &format!("{HEAD}{body}\n")) {
        Ok(_) => "compiles".to_owned(),
        Err(errors) => errors.iter().map(told).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn what_is_personal_is_read_by_no_rule() {
    const TYPES: &str = "event_types: {ticket: {attributes: {mail: {kind: string, personal: true}, age: {kind: int, personal: true}, hours: {kind: int}, plain: int}}}\n";
    let table = [
        (
            "earn: [{id: e, on: ticket, when: event.attributes.mail == \"a\", give: {points: xp, fixed: 1}}]",
            "2:51 the attribute `mail` is personal: no rule, goal or predicate can read it",
        ),
        (
            "earn: [{id: e, on: ticket, give: {points: xp, rate: 1, of: attributes.age}}]",
            "2:60 the attribute `age` is personal: no rule, goal or predicate can read it",
        ),
        (
            "missions: [{id: m, goal: {distinct: attributes.mail, of: ticket, target: 2}}]",
            "2:37 the attribute `mail` is personal: no rule, goal or predicate can read it",
        ),
        (
            "missions: [{id: m, goal: {count: ticket, target: 2, when: has(event.attributes.mail)}}]",
            "2:80 the attribute `mail` is personal: no rule, goal or predicate can read it",
        ),
        (
            "missions: [{id: m, goal: {sum: attributes.hours, of: ticket, target: 2, when: event.attributes.plain > 1}}]",
            "compiles",
        ),
    ];
    for (body, expected) in table {
        assert_eq!(told(&format!("{TYPES}{body}")), expected, "{body}");
    }
    let table = [
        (
            "{mail: {personal: true}}",
            "1:43 an attribute has no `kind`",
        ),
        (
            "{mail: {kind: strin, personal: true}}",
            "1:50 unknown attribute type `strin` (did you mean `string`?)",
        ),
        (
            "{mail: {kind: string, personal: yes}}",
            "1:68 expected `true` or `false`, found `yes`",
        ),
        (
            "{mail: {kind: string, secret: true}}",
            "1:58 unknown key `secret` in an attribute",
        ),
        (
            "{mail: {kind: string, personal: false}, name: string}",
            "compiles",
        ),
    ];
    for (attributes, expected) in table {
        let body = format!("event_types: {{ticket: {{attributes: {attributes}}}}}");
        assert_eq!(told(&body), expected, "{body}");
    }
}

#[test]
fn a_difference_says_it() {
    let with = |kind: &str| {
        let types = format!("event_types: {{ticket: {{attributes: {{mail: {kind}}}}}}}\n");
        programme::compile("p.yaml", &format!("{HEAD}{types}")).unwrap()
    };
    let personal = with("{kind: string, personal: true}");
    let said = programme::diff(&with("string"), &personal);
    let said: Vec<String> = said.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["event type ticket: attribute mail string -> string, personal"]
    );
    let same = with("{kind: string, personal: false}");
    assert_eq!(programme::diff(&with("string"), &same), []);
}
