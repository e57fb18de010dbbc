//! The admin port: `/healthz`, `/readyz`, `/metrics`. For probes and scrapers; it has no keys and is not to be published.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::queries::Queries;

/// What the admin port shows.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) queries: Arc<dyn Queries>,
    /// The process's metrics in the Prometheus text format.
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The server, to be awaited.
pub(crate) fn server(
    listener: TcpListener,
    admin: Admin,
) -> std::io::Result<actix_web::dev::Server> {
    let admin = web::Data::new(admin);
    let app = move || {
        App::new()
            .app_data(admin.clone())
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    if admin.queries.ready() {
        HttpResponse::Ok().body("ready\n")
    } else {
        HttpResponse::ServiceUnavailable().body("partitions without an owner\n")
    }
}

async fn metrics(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body((admin.metrics)())
}
