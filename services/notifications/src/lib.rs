//! The notifications gateway: a durable inbox keyed by emission id, an in-app inbox per player
