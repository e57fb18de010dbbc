//! A version that makes an attribute personal, or no more.

const HEAD: &str = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n";

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
