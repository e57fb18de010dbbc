use super::{Ground, MissionIx, Reader, Reason, RuleIx, Subjected, Verdicts, Writer};

/// Which rules found that their condition is false, and how many runs that is.
#[test]
fn rules_that_lie_equally_far_apart_are_a_run_and_survive_the_round_trip() {
    let far: Vec<u16> = (0..=u16::MAX).step_by(0x5555).collect();
    let apart: Vec<u16> = (0..500).step_by(2).collect();
    let table: [(&[u16], usize); 7] = [
        (&[7], 1),
        (&[0, 1, 2, 3], 1),
        (&[1, 3, 4, 5], 2),
        (&[0, 2, 4, 5, 6], 2),
        (&[0, 1, 3, 6, 10], 3),
        (&apart, 1),
        (&far, 1),
    ];
    for (rules, runs) in table {
        let rules: Vec<RuleIx> = rules.iter().copied().map(RuleIx).collect();
        let mut verdicts = Verdicts::default();
        verdicts.rules(&rules, &Reason::When);
        let read = verdicts.iter();
        let expected = rules.iter().map(|ix| (Subjected::Rule(*ix), &Reason::When));
        assert!(read.eq(expected), "{rules:?}");
        assert_eq!(verdicts.runs.len(), runs, "{rules:?}");
        let mut bytes = Vec::new();
        verdicts.encode(&mut Writer(&mut bytes));
        assert_eq!(Verdicts::decode(&mut Reader::new(&bytes)), Ok(verdicts));
    }
}

fn written(verdicts: &Verdicts) -> Vec<u8> {
    let mut bytes = Vec::new();
    verdicts.encode(&mut Writer(&mut bytes));
    bytes
}

#[test]
fn what_few_found_otherwise_stands_over_what_all_found() {
    let missing = || Reason::WhenError("it is not there".into());
    let (rules, missions): (Vec<_>, Vec<_>) = (
        (0..9).map(RuleIx).collect(),
        (3..6).map(MissionIx).collect(),
    );
    let ground = Ground::of(&rules, &missions);
    let mut verdicts = Verdicts::default();
    verdicts.begin(&ground.rules);
    for (rule, found) in [
        (1, Ok(())),
        (2, Err(Reason::When)),
        (4, Ok(())),
        (5, Err(missing())),
        (6, Err(missing())),
        (7, Err(Reason::Capped)),
    ] {
        verdicts.found(Subjected::Rule(RuleIx(rule)), found);
    }
    // A mission that counts two types is asked twice, where an event is two.
    verdicts.begin(&ground.missions);
    verdicts.found(Subjected::Mission(MissionIx(4)), Ok(()));
    verdicts.begin(&ground.missions);
    verdicts.found(Subjected::Mission(MissionIx(3)), Err(Reason::Late));
    let found = |verdicts: &Verdicts| -> Vec<_> {
        let all = verdicts.iter();
        all.map(|(of, reason)| match of {
            Subjected::Rule(ix) => format!("r{} {}", ix.0, reason.code()),
            Subjected::Mission(ix) => format!("m{} {}", ix.0, reason.code()),
        })
        .collect()
    };
    let expected = [
        "r0 when_false",
        "r1 counted",
        "r2 when_false",
        "r3 when_false",
        "r4 counted",
        "r5 when_error",
        "r6 when_error",
        "r7 cap_reached",
        "r8 when_false",
        "m3 when_false",
        "m4 counted",
        "m5 when_false",
        "m3 late",
        "m4 when_false",
        "m5 when_false",
    ];
    assert_eq!(found(&verdicts), expected);
    let read = Verdicts::decode(&mut Reader::new(&written(&verdicts))).unwrap();
    assert_eq!(found(&read), expected);
    assert_eq!(read, verdicts);
}

#[test]
fn verdicts_of_a_layout_before_this_one_are_read() {
    // All but the first say what they found; nothing stands in the place of another: rules 0 to 2, rule 3, missions 1 and 3.
    let bytes = [3, 0x41, 0, 3, 1, 0x00, 3, 0xc5, 1, 2, 2];
    let read = Verdicts::decode(&mut Reader::new(&bytes)).unwrap();
    let found: Vec<&str> = read.iter().map(|(_, reason)| reason.code()).collect();
    assert_eq!(
        found,
        [
            "when_false",
            "when_false",
            "when_false",
            "counted",
            "nothing_to_give",
            "nothing_to_give"
        ]
    );
    assert_eq!(written(&read), bytes);
}
