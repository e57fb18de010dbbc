//! The engine: partitions and player actors on actix; knows neither NATS nor CQL nor files
