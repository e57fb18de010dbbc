//! Prerequisites must come to an end: no mission may wait for itself.

use std::collections::HashMap;

use super::items;
use crate::diagnostics::Problems;
use crate::span::At;
use crate::syntax::lists::List;
use crate::syntax::mission::MissionText;

pub(super) fn no_cycles(list: Option<&At<List<MissionText>>>, problems: &mut Problems) {
    let missions: Vec<&MissionText> = list
        .iter()
        .flat_map(|list| &list.value.0)
        .map(|at| &at.value)
        .collect();
    let index: HashMap<&str, usize> = missions
        .iter()
        .enumerate()
        .filter_map(|(ix, mission)| mission.id.as_ref().map(|id| (&*id.value.0, ix)))
        .collect();
    let after: Vec<Vec<usize>> = missions
        .iter()
        .map(|mission| {
            items(&mission.after)
                .filter_map(|name| index.get(&*name.0).copied())
                .collect()
        })
        .collect();
    // What can be reached without a circle is taken away; what is left waits for a circle or stands in one.
    let mut waiting: Vec<usize> = after.iter().map(Vec::len).collect();
    let mut followers = vec![Vec::new(); missions.len()];
    for (ix, before) in after.iter().enumerate() {
        before.iter().for_each(|before| followers[*before].push(ix));
    }
    let mut free: Vec<usize> = (0..missions.len()).filter(|ix| waiting[*ix] == 0).collect();
    while let Some(ix) = free.pop() {
        for follower in &followers[ix] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                free.push(*follower);
            }
        }
    }
    let mut seen = vec![false; missions.len()];
    for start in (0..missions.len()).filter(|ix| waiting[*ix] > 0) {
        if let Some(circle) = circle(start, &after, &waiting, &mut seen) {
            report(&circle, &missions, problems);
        }
    }
}

// Follows prerequisites that are themselves stuck until one comes again; what an earlier walk has seen was told by it.
fn circle(
    start: usize,
    after: &[Vec<usize>],
    waiting: &[usize],
    seen: &mut [bool],
) -> Option<Vec<usize>> {
    let (mut path, mut at) = (Vec::new(), start);
    while !std::mem::replace(&mut seen[at], true) {
        path.push(at);
        at = *after[at].iter().find(|before| waiting[**before] > 0)?;
    }
    let begin = path.iter().position(|passed| *passed == at)?;
    Some(path.split_off(begin))
}

fn report(circle: &[usize], missions: &[&MissionText], problems: &mut Problems) {
    let name = |ix: &usize| missions[*ix].id.as_ref().map_or("", |id| &*id.value.0);
    let Some(after) = circle.first().and_then(|ix| missions[*ix].after.as_ref()) else {
        return;
    };
    let mut shown: Vec<_> = circle
        .iter()
        .take(8)
        .map(|ix| format!("`{}`", name(ix)))
        .collect();
    if circle.len() > shown.len() {
        shown.push("…".to_owned());
    }
    shown.extend(circle.first().map(|ix| format!("`{}`", name(ix))));
    let next = circle.get(1).or_else(|| circle.first()).map_or("", name);
    let span = after
        .value
        .0
        .iter()
        .find(|named| &*named.value.0 == next)
        .map_or(after.span, |named| named.span);
    problems
        .push(
            span,
            format!("missions wait for each other: {}", shown.join(" after ")),
        )
        .help("take one of these prerequisites away");
}
