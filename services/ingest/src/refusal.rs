//! What a refusal means, and what to do, by its code.

/// In a sentence. A refused event is written down and changed nothing.
pub(crate) fn sentence(code: &str) -> &'static str {
    match code {
        "not_opt_in" => "the mission starts by itself: there is nothing to join",
        "already_opted_in" => "the player has joined the mission already",
        "mission_ended" => "the mission counts nothing any more: it cannot be joined",
        "no_open_offer" => {
            "nothing of the mission is on offer: it is not complete, was claimed, or the time to claim it is over"
        }
        "unknown_mission" => "the programme has no such mission",
        "unknown_points" => "the programme has no such points",
        "not_spendable" => "status points are never spent",
        "not_enough_points" => {
            "there is less than that available: what is pending or held cannot be spent"
        }
        "unknown_hold" => "no hold of this id is open: it was spent, released, or its time is over",
        "hold_exists" => "a hold of this id is open: use another id",
        "too_many_holds" => "the player has as many open holds as there may be: release one",
        "restricted" => "the player is restricted: nothing can be joined or claimed",
        "player_erased" => "the player was erased",
        _ => "the event is written down, and changed nothing",
    }
}

/// Of an id that was used before for something else.
pub(crate) const CONFLICT: &str = "an event with this source and id came before and said something else: send this one under an id of its own";

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn every_command_that_is_not_allowed_now_says_why() {
        let codes = [
            "not_opt_in",
            "already_opted_in",
            "mission_ended",
            "no_open_offer",
            "unknown_mission",
            "unknown_points",
            "not_spendable",
            "not_enough_points",
            "unknown_hold",
            "hold_exists",
            "too_many_holds",
            "restricted",
            "player_erased",
        ];
        let mut said: Vec<_> = codes.into_iter().map(sentence).collect();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), codes.len(), "each its own");
        assert!(!said.contains(&sentence("anything else")));
    }
}
