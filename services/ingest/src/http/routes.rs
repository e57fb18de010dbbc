//! Every path and method.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Route};

use super::{clock, commands, history, people, players, programme, publish};
use crate::http::answer;
use crate::problem::{Kind, Problem};

/// Method and path pattern of every call, in the order of the documentation.
pub const ROUTES: [(&str, &str); 19] = [
    ("POST", "/v1/events"),
    ("GET", "/v1/players"),
    ("GET", "/v1/players/{player}"),
    ("DELETE", "/v1/players/{player}"),
    ("GET", "/v1/players/{player}/export"),
    ("GET", "/v1/players/{player}/journal"),
    ("GET", "/v1/players/{player}/events/{source}/{event}"),
    ("POST", "/v1/players/{player}/missions/{mission}:optIn"),
    ("POST", "/v1/players/{player}/missions/{mission}:claim"),
    ("POST", "/v1/clock:tick"),
    ("GET", "/v1/programme"),
    ("PUT", "/v1/programme"),
    ("POST", "/v1/programme:preview"),
    ("POST", "/v1/programme:publish"),
    ("GET", "/v1/programme/versions"),
    ("GET", "/v1/programme/versions/{number}"),
    ("GET", "/v1/log"),
    ("GET", "/v1/log/{partition}"),
    ("GET", "/openapi.json"),
];

/// The document that describes them.
pub(crate) const OPENAPI: &str = include_str!("../../openapi.json");

pub(crate) fn configure(config: &mut ServiceConfig) {
    let routes: [fn() -> Route; 19] = [
        || web::post().to(publish::publish),
        || web::get().to(players::list),
        || web::get().to(players::get),
        || web::delete().to(people::erase),
        || web::get().to(people::export),
        || web::get().to(players::journal),
        || web::get().to(players::explain),
        || web::post().to(commands::opt_in),
        || web::post().to(commands::claim),
        || web::post().to(clock::tick),
        || web::get().to(programme::get),
        || web::put().to(programme::put),
        || web::post().to(programme::preview),
        || web::post().to(programme::publish),
        || web::get().to(programme::versions),
        || web::get().to(programme::version),
        || web::get().to(history::list),
        || web::get().to(history::read),
        || web::get().to(openapi),
    ];
    let mut routes = ROUTES.into_iter().zip(routes).peekable();
    while let Some(((_, path), route)) = routes.next() {
        let mut resource = web::resource(path).route(route());
        // Methods of one path stand one behind the other.
        while let Some((_, route)) = routes.next_if(|((_, next), _)| *next == path) {
            resource = resource.route(route());
        }
        config.service(resource.default_service(web::to(method_not_allowed)));
    }
    config.default_service(web::to(no_such_path));
}

async fn openapi() -> actix_web::HttpResponse {
    answer::json(OPENAPI.to_owned())
}

async fn no_such_path(request: HttpRequest) -> Result<String, Problem> {
    let what = format!("there is nothing at {}", request.path());
    Err(Problem::new(Kind::NoSuchPath, what))
}

async fn method_not_allowed(request: HttpRequest) -> Result<String, Problem> {
    let what = format!("{} does not take {}", request.path(), request.method());
    Err(Problem::new(Kind::MethodNotAllowed, what))
}
