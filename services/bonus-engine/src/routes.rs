//! HTTP: `GET /v1/grants?brand=&player=&page_size=&page_token=` and `GET /v1/emissions`, both in order of arrival.

use actix_web::web::{self, Data, Json, Query, ServiceConfig};
use inbox::{Inbox, Paging, Problem};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::grant::Grant;
use crate::grants::{self, Filter, Grants};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/v1/grants", web::get().to(list))
        .route("/v1/emissions", web::get().to(emissions));
}

#[derive(Deserialize)]
struct Of {
    #[serde(default)]
    brand: String,
    #[serde(default)]
    player: String,
}

async fn list(
    inbox: Data<Inbox<Grants>>,
    of: Query<Of>,
    paging: Query<Paging>,
) -> Result<Json<Value>, Problem> {
    let Of { brand, player } = of.into_inner();
    let filter = Filter { brand, player };
    let (grants, next) = grants::list(&inbox, filter, paging.into_inner()).await?;
    let grants: Vec<_> = grants.iter().map(object).collect();
    Ok(Json(json!({"grants": grants, "next_page_token": next})))
}

async fn emissions(
    inbox: Data<Inbox<Grants>>,
    paging: Query<Paging>,
) -> Result<Json<Value>, Problem> {
    let (after, limit) = (paging.after()?, paging.limit());
    let page = inbox.read(move |_, reader| {
        let totals = reader.totals()?;
        let (emissions, more) = reader.emissions(after, limit)?;
        let next = emissions.last().filter(|_| more);
        let next = next.map(|(last, _)| Paging::token(*last));
        let emissions: Vec<_> = emissions
            .iter()
            .map(|(_, e)| json!({"id": e.id, "type": e.r#type, "brand": e.brand, "player": e.player}))
            .collect();
        Ok(json!({"totals": totals, "emissions": emissions, "next_page_token": next}))
    });
    Ok(Json(page.await?))
}

fn object(grant: &Grant) -> Value {
    json!({
        "brand": grant.brand, "player": grant.player, "grant_id": grant.grant_id,
        "reward": grant.reward, "status": grant.status, "idempotency_key": grant.key,
        "reason": grant.reason, "at": grant.at, "postback": grant.postback,
    })
}
