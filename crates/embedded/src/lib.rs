//! Both ports on local disk: a segment log and fjall; knows neither the engine nor other adapters
