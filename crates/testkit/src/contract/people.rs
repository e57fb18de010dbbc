//! The contract of [`PeopleStore`].

use std::future::Future;
use std::sync::Arc;

use ports::{Entity, Erasure, Key, PeopleStore, Person};
use tokio::task::JoinSet;
use types::Timestamp;

/// Makes stores of people.
pub trait PeopleFixture: Send + Sync {
    /// Opens the fixture's store. Called again after everything of the store before is dropped, it gives a store that holds what
    /// was written.
    fn open(&self) -> impl Future<Output = Arc<dyn PeopleStore>> + Send;
}

/// One test for each sentence of the contract, run over what the expression makes: `people_contract!(fixture())`.
#[macro_export]
macro_rules! people_contract {
    ($fixture:expr) => {
        $crate::people_contract!(@each $fixture;
            of_whom_nobody_asked_nothing_stands
            a_player_has_one_key
            of_concurrent_keys_one_stands
            an_erased_player_has_no_key_and_never_another
            erased_again_it_stays_as_it_was
            who_was_erased_is_listed_until_told_and_after
            what_stands_is_there_after_opening_again
        );
    };
    (@each $fixture:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::people::$name(&$fixture).await;
            }
        )*
    };
}

fn player(brand: &str, player: &str) -> Entity {
    Entity {
        brand: brand.parse().expect("a brand"),
        player: player.parse().expect("a player"),
    }
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(1_700_000_000_000_000_000 + nanos).expect("a time")
}

async fn keys(store: &dyn PeopleStore, drawn: &[(Entity, Key)]) -> Vec<Person> {
    store.keys(drawn).await.expect("keys")
}

async fn find(store: &dyn PeopleStore, player: &Entity) -> Option<Person> {
    let found = store.find(std::slice::from_ref(player)).await;
    found.expect("an answer").pop().expect("one for each")
}

async fn listed(store: &dyn PeopleStore) -> Vec<(Entity, Erasure)> {
    let mut all = store.erased().await.expect("a list");
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// `find` of somebody nobody drew a key for.
pub async fn of_whom_nobody_asked_nothing_stands(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    assert_eq!(find(store.as_ref(), &player("acme", "ann")).await, None);
    assert_eq!(listed(store.as_ref()).await, []);
}

/// The first one drawn stands; players and brands do not mix; answers come in the order asked for.
pub async fn a_player_has_one_key(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    let store = store.as_ref();
    let (ann, bob, other) = (
        player("acme", "ann"),
        player("acme", "bob"),
        player("bet", "ann"),
    );
    let drawn = [
        (bob.clone(), Key([2; 32])),
        (ann.clone(), Key([1; 32])),
        (bob.clone(), Key([9; 32])),
        (other.clone(), Key([3; 32])),
    ];
    let stands = |byte| Person::Key(Key([byte; 32]));
    let expected = [stands(2), stands(1), stands(2), stands(3)];
    assert_eq!(keys(store, &drawn).await, expected);
    let again = [(ann.clone(), Key([7; 32]))];
    assert_eq!(keys(store, &again).await, [stands(1)]);
    assert_eq!(find(store, &other).await, Some(stands(3)));
}

/// Whoever draws at the same time is given the same.
pub async fn of_concurrent_keys_one_stands(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    let mut drawing = JoinSet::new();
    for byte in 0..8 {
        let store = Arc::clone(&store);
        drawing.spawn(async move {
            let drawn = [(player("acme", "ann"), Key([byte; 32]))];
            keys(store.as_ref(), &drawn).await
        });
    }
    let given = drawing.join_all().await;
    let stands = find(store.as_ref(), &player("acme", "ann")).await;
    let stands = vec![stands.expect("a key")];
    assert!(given.iter().all(|one| *one == stands), "{given:?}");
}

/// With a key or without one before.
pub async fn an_erased_player_has_no_key_and_never_another(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    let store = store.as_ref();
    let (ann, bob) = (player("acme", "ann"), player("acme", "bob"));
    keys(store, &[(ann.clone(), Key([1; 32]))]).await;
    let erasure = Erasure {
        at: at(1),
        told: false,
    };
    for erased in [&ann, &bob] {
        assert_eq!(store.erase(erased, at(1)).await.expect("erased"), erasure);
        let person = Person::Erased(erasure);
        assert_eq!(find(store, erased).await, Some(person.clone()));
        let drawn = [(erased.clone(), Key([5; 32]))];
        assert_eq!(keys(store, &drawn).await, [person]);
    }
    let cy = [(player("acme", "cy"), Key([6; 32]))];
    assert_eq!(keys(store, &cy).await, [Person::Key(Key([6; 32]))]);
}

/// The first instant stands.
pub async fn erased_again_it_stays_as_it_was(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    let ann = player("acme", "ann");
    for nanos in [5, 9, 1] {
        let erasure = store.erase(&ann, at(nanos)).await.expect("erased");
        assert_eq!(erasure.at, at(5));
    }
    assert_eq!(listed(store.as_ref()).await.len(), 1);
}

/// Told or not, everybody stays listed.
pub async fn who_was_erased_is_listed_until_told_and_after(fixture: &impl PeopleFixture) {
    let store = fixture.open().await;
    let store = store.as_ref();
    let names = ["ann", "bob", "cy"];
    for name in names {
        store
            .erase(&player("acme", name), at(1))
            .await
            .expect("erased");
    }
    for (told, name) in ["cy", "ann", "ann", "bob"].into_iter().enumerate() {
        let before = listed(store).await;
        assert_eq!(before.len(), 3, "before {told}");
        store.told(&player("acme", name)).await.expect("told");
        let after = listed(store).await;
        let of = |all: &[(Entity, Erasure)]| all.iter().filter(|(_, it)| it.told).count();
        let new = usize::from(told != 2);
        assert_eq!(of(&after), of(&before) + new, "after {told}");
    }
}

/// Keys, erasures, and what was told of them.
pub async fn what_stands_is_there_after_opening_again(fixture: &impl PeopleFixture) {
    let (ann, bob, cy) = (
        player("acme", "ann"),
        player("acme", "b\"ö b"),
        player("acme", "cy"),
    );
    {
        let store = fixture.open().await;
        let drawn = [(ann.clone(), Key([1; 32])), (cy.clone(), Key([3; 32]))];
        keys(store.as_ref(), &drawn).await;
        for erased in [&bob, &cy] {
            store.erase(erased, at(2)).await.expect("erased");
        }
        store.told(&bob).await.expect("told");
    }
    let store = fixture.open().await;
    let erased = |told| Erasure { at: at(2), told };
    assert_eq!(
        find(store.as_ref(), &ann).await,
        Some(Person::Key(Key([1; 32])))
    );
    let expected = [(bob, erased(true)), (cy, erased(false))];
    assert_eq!(listed(store.as_ref()).await, expected);
}
