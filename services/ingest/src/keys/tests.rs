use super::{Keys, NewKey, Scope, create};

fn new_key(source: Option<&str>) -> NewKey {
    NewKey {
        brand: "acme".parse().unwrap(),
        source: source.map(|source| source.parse().unwrap()),
        scopes: vec![Scope::Ingest, Scope::Read],
    }
}

#[test]
fn a_key_made_while_the_keys_are_open_is_known_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let keys = Keys::open(&path).unwrap();
    let first = create(&path, &new_key(Some("shop"))).unwrap();
    let second = create(&path, &new_key(None)).unwrap();
    let caller = keys.caller(&first).unwrap();
    assert_eq!(caller.brand.as_str(), "acme");
    assert_eq!(caller.source.as_ref().unwrap().as_str(), "shop");
    assert_eq!(caller.scopes, [Scope::Ingest, Scope::Read]);
    assert_eq!(keys.caller(&second).unwrap().source, None);
}

#[test]
fn only_the_whole_key_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let key = create(&path, &new_key(None)).unwrap();
    let keys = Keys::open(&path).unwrap();
    assert!(keys.caller(&key).is_some());
    let other_secret = format!("{}x", &key[..key.len() - 1]);
    for wrong in [
        "",
        "ql_",
        "ql__",
        "x",
        &key[1..],
        &key[..20],
        &other_secret,
        &format!("{key}0"),
    ] {
        assert!(keys.caller(wrong).is_none(), "{wrong}");
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    let secret = key.rsplit('_').next().unwrap();
    assert!(!stored.contains(secret), "only the hash is kept");
}

#[test]
fn a_broken_file_is_an_error_at_start_and_takes_no_access_away_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let key = create(&path, &new_key(None)).unwrap();
    let keys = Keys::open(&path).unwrap();
    std::fs::write(&path, "{\"keys\":[{}]}").unwrap();
    assert!(keys.caller("ql_unknown_key").is_none());
    assert!(keys.caller(&key).is_some());
    assert!(Keys::open(&path).is_err());
    assert!(
        create(&path, &new_key(None)).is_err(),
        "what is not understood is not overwritten"
    );
}
