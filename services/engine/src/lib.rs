//! The engine with its adapters: queries over gRPC, emissions to the gateways
