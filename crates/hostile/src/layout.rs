//! What `questline fmt` lays out: any text.

use programme::{parse, version_of};
use programme_format::format;

use crate::world;

/// A programme's text, laid out: what it means stays, and laid out again it stays as it is.
pub(crate) fn layout(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    match format("hostile.yaml", text) {
        Ok(laid_out) => {
            let said = |text: &str| parse("hostile.yaml", text).ok();
            let means = said(text);
            assert!(
                means.is_some() && means == said(&laid_out),
                "it means something else"
            );
            let again = format("again.yaml", &laid_out);
            assert!(
                again.is_ok_and(|again| again == laid_out),
                "laid out again it is another"
            );
            // What is as it should look is published as it was.
            assert_eq!(text == laid_out, version_of(text) == version_of(&laid_out));
            true
        }
        Err(why) => {
            assert!(!why.to_string().is_empty());
            false
        }
    }
}

/// Programmes with comments, lists and maps in lines and in braces.
pub(crate) fn texts() -> Vec<Vec<u8>> {
    let commented: &[&str] = &[
        "# first\nprogramme: p   # its id\n\n\nbrand: b\ncurrency: GBP\npoints: {coins: {expires: 1mo, kind: spendable}}\n",
        "currency: GBP\nbrand: b\nprogramme: p\nearn:\n- give: {points: xp, fixed: 1}\n  # of r\n  id: r\n  on: order\npoints:\n    xp:\n        kind: 'status'\n# last\n",
        "programme: p\nbrand: b\ncurrency: GBP\nmissions: [\n  {goal: {target: 2, count: order}, id: m},  # one\n  {id: n, goal: {count: order, target: 1}}\n]\n",
    ];
    let commented = commented.iter().map(|text| text.as_bytes().to_vec());
    world::programme_texts()
        .into_iter()
        .chain(commented)
        .collect()
}
