//! A publication: from the request until it is in effect in every partition of a server.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client;
use crate::end_to_end::{BRAND, PROGRAMME};
use crate::figures::{Figure, Part};
use crate::live::AT_MOST;
use crate::server::{Server, Setup};

/// Publications in a row: the middle one and the slowest are figures.
const PUBLICATIONS: u32 = 40;

/// Measures them over an embedded store, with nothing else to do.
pub(crate) async fn measure(part: &mut Part, folder: &Path) -> Result<()> {
    let folder = folder.join("publication");
    std::fs::create_dir_all(&folder)?;
    let server = Server::start(&Setup::new(&folder, PROGRAMME, BRAND)).await?;
    let http = client::http(1)?;
    let url = format!("{}/v1/programme", server.url);
    let mut took = Vec::new();
    for number in 1..=PUBLICATIONS {
        let source = PROGRAMME.replace("fixed: 50}", &format!("fixed: {}}}", 50 + number));
        let put = http.put(&url).bearer_auth(server.key()).body(source);
        let draft: Value = put.send().await?.error_for_status()?.json().await?;
        let publish = http.post(format!("{url}:publish"));
        let publish = publish.bearer_auth(server.key());
        let started = Instant::now();
        let answer = publish.json(&json!({"base": draft["base"]})).send().await?;
        took.push(started.elapsed());
        let answer: Value = answer.error_for_status()?.json().await?;
        let partitions = &answer["partitions"];
        ensure!(
            partitions["active"] == partitions["total"],
            "publication {number} is not in effect everywhere: {answer}"
        );
    }
    took.sort_unstable();
    let ms = |took: Option<&Duration>| -> Result<f64> {
        let took = took.context("nothing was published")?;
        Ok(took.as_secs_f64() * 1e3)
    };
    for (id, what, value) in [
        ("p50_ms", "the middle one", ms(took.get(took.len() / 2))?),
        ("most_ms", "the slowest", ms(took.last())?),
    ] {
        part.add(Figure::once(
            format!("before_publish.publication.{id}"),
            format!(
                "{PUBLICATIONS} publications, each until it is in effect in all partitions: {what}"
            ),
            "ms",
            value,
        ));
    }
    server.stop(AT_MOST).await
}
