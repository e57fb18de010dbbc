//! The contract of [`ProgrammeStore`].

use std::future::Future;
use std::sync::Arc;

use ports::{Draft, ProgrammeStore, Publication, Published};
use tokio::task::JoinSet;
use types::{BrandId, Timestamp};

/// Makes stores of programmes.
pub trait ProgrammesFixture: Send + Sync {
    /// Opens the fixture's store. Called again after everything of the store before is dropped, it gives a store that holds what
    /// was written.
    fn open(&self) -> impl Future<Output = Arc<dyn ProgrammeStore>> + Send;
}

/// One test for each sentence of the contract, run over what the expression makes: `programmes_contract!(fixture())`.
#[macro_export]
macro_rules! programmes_contract {
    ($fixture:expr) => {
        $crate::programmes_contract!(@each $fixture;
            a_brand_without_publications_has_none
            publications_are_numbered_without_a_gap
            of_concurrent_publications_one_is_set
            publications_are_paged_newest_first
            brands_do_not_mix_and_are_listed_in_order
            the_last_draft_set_stands
            what_was_published_is_there_after_opening_again
        );
    };
    (@each $fixture:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::programmes::$name(&$fixture).await;
            }
        )*
    };
}

fn brand(name: &str) -> BrandId {
    BrandId::new(name).expect("a brand")
}

fn publication(number: u64, source: &str) -> Publication {
    Publication {
        number,
        version: format!("{number:032x}").into(),
        source: source.into(),
        author: "ann \"the\" owner".into(),
        note: if number == 1 { "" } else { "für März\n" }.into(),
        at: Timestamp::from_nanos(1_700_000_000_123_456_789).expect("a time"),
        base: (number > 1).then(|| format!("{:032x}", number - 1).into()),
    }
}

async fn publish(store: &dyn ProgrammeStore, of: &BrandId, publication: &Publication) -> Published {
    let published = store.publish(of, publication).await;
    published.expect("an answer")
}

async fn all(store: &dyn ProgrammeStore, of: &BrandId) -> Vec<Publication> {
    let found = store.publications(of, None, 1_000).await;
    found.expect("publications")
}

/// Nothing is there of a brand before its first publication.
pub async fn a_brand_without_publications_has_none(fixture: &impl ProgrammesFixture) {
    let store = fixture.open().await;
    let (store, acme) = (store.as_ref(), brand("acme"));
    assert_eq!(store.brands().await.expect("brands"), []);
    assert_eq!(all(store, &acme).await, []);
    assert_eq!(store.newest(&acme).await.expect("a number"), 0);
    assert_eq!(store.draft(&acme).await.expect("no draft"), None);
}

/// The first has number 1, each other the next one; one that stands is not set again, whatever it says.
pub async fn publications_are_numbered_without_a_gap(fixture: &impl ProgrammesFixture) {
    let store = fixture.open().await;
    let (store, acme) = (store.as_ref(), brand("acme"));
    let table = [
        (publication(2, "too early"), Published::NotNext),
        (publication(1, "one"), Published::Set),
        (publication(1, "another"), Published::NotNext),
        (publication(3, "too early"), Published::NotNext),
        (publication(2, "two"), Published::Set),
        (publication(2, "two"), Published::NotNext),
    ];
    for (one, expected) in &table {
        assert_eq!(publish(store, &acme, one).await, *expected, "{one:?}");
        let stand = all(store, &acme).await.len() as u64;
        assert_eq!(store.newest(&acme).await.expect("a number"), stand);
    }
    let stands = [publication(2, "two"), publication(1, "one")];
    assert_eq!(all(store, &acme).await, stands);
}

/// Of several that want one number, one is set.
pub async fn of_concurrent_publications_one_is_set(fixture: &impl ProgrammesFixture) {
    let (store, acme) = (fixture.open().await, brand("acme"));
    for number in 1..=3 {
        let mut rivals = JoinSet::new();
        for who in 0..6 {
            let (store, acme) = (Arc::clone(&store), acme.clone());
            rivals.spawn(async move {
                let rival = publication(number, &format!("{number} by {who}"));
                let answer = publish(store.as_ref(), &acme, &rival).await;
                (answer == Published::Set).then_some(rival)
            });
        }
        let set: Vec<Publication> = rivals.join_all().await.into_iter().flatten().collect();
        assert_eq!(set.len(), 1, "{set:?}");
        assert_eq!(all(store.as_ref(), &acme).await.first(), set.first());
    }
}

/// Publications come newest first, below a number and no more than asked for.
pub async fn publications_are_paged_newest_first(fixture: &impl ProgrammesFixture) {
    let store = fixture.open().await;
    let (store, acme) = (store.as_ref(), brand("acme"));
    for number in 1..=12 {
        publish(store, &acme, &publication(number, "text")).await;
    }
    let table: [(Option<u64>, usize, &[u64]); 6] = [
        (None, 2, &[12, 11]),
        (Some(11), 3, &[10, 9, 8]),
        (Some(3), 5, &[2, 1]),
        (Some(1), 5, &[]),
        (Some(99), 1, &[12]),
        (None, 0, &[]),
    ];
    for (below, limit, expected) in table {
        let page = store.publications(&acme, below, limit).await;
        let numbers = page.expect("a page").into_iter().map(|it| it.number);
        assert_eq!(numbers.collect::<Vec<_>>(), expected, "{below:?} {limit}");
    }
}

/// What one brand has is no other's.
pub async fn brands_do_not_mix_and_are_listed_in_order(fixture: &impl ProgrammesFixture) {
    let store = fixture.open().await;
    let store = store.as_ref();
    let brands = ["b", "B-2", "a.b", "a", ".."].map(brand);
    for (number, brand) in brands.iter().enumerate() {
        let text = format!("of {number}");
        assert_eq!(
            publish(store, brand, &publication(1, &text)).await,
            Published::Set
        );
    }
    for (number, brand) in brands.iter().enumerate() {
        let text = format!("of {number}");
        assert_eq!(all(store, brand).await, [publication(1, &text)]);
    }
    let mut expected = brands.to_vec();
    expected.sort_unstable();
    assert_eq!(store.brands().await.expect("brands"), expected);
}

/// A draft may be anything, is set again and again, and is no publication.
pub async fn the_last_draft_set_stands(fixture: &impl ProgrammesFixture) {
    let store = fixture.open().await;
    let (store, acme) = (store.as_ref(), brand("acme"));
    let large = "x".repeat(1 << 20);
    for source in ["", "not: [a programme", &large, "last"] {
        let draft = Draft {
            source: source.into(),
            author: "ann".into(),
            at: Timestamp::from_nanos(7).expect("a time"),
        };
        store.set_draft(&acme, &draft).await.expect("set");
        assert_eq!(store.draft(&acme).await.expect("a draft"), Some(draft));
    }
    let other = store.draft(&brand("other")).await;
    assert_eq!(other.expect("no draft"), None);
    assert_eq!(all(store, &acme).await, []);
    assert_eq!(store.brands().await.expect("brands"), []);
}

/// What was published, and the draft, outlive who wrote them.
pub async fn what_was_published_is_there_after_opening_again(fixture: &impl ProgrammesFixture) {
    let acme = brand("acme");
    let draft = Draft {
        source: "draft".into(),
        author: "ann".into(),
        at: Timestamp::from_nanos(7).expect("a time"),
    };
    let large = publication(1, &"y".repeat(1 << 20));
    {
        let store = fixture.open().await;
        publish(store.as_ref(), &acme, &large).await;
        store.set_draft(&acme, &draft).await.expect("set");
    }
    let store = fixture.open().await;
    assert_eq!(all(store.as_ref(), &acme).await, [large]);
    assert_eq!(store.draft(&acme).await.expect("a draft"), Some(draft));
    let next = publication(2, "two");
    assert_eq!(publish(store.as_ref(), &acme, &next).await, Published::Set);
}
