//! The protobuf packages `questline.*.v1` and the code generated from them. The `.proto` files beside this one are the documentation.

/// Events, as they are sent over gRPC and kept in the log.
pub mod event {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.event.v1");
    }
}

/// What stands in the log.
pub mod log {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.log.v1");
    }
}

/// Emissions on their way to the gateways.
pub mod emission {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.emission.v1");
    }
}

/// Events on their way in.
pub mod ingest {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.ingest.v1");
    }
}

/// Players, as the programme sees them now.
pub mod player {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.player.v1");
    }
}

/// Programmes: what is in effect, the draft, publishing.
pub mod programme {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.programme.v1");
    }
}

/// Grants as the bonus-engine gateway knows them.
pub mod bonus {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.bonus.v1");
    }
}

/// Who owns which partition.
pub mod cluster {
    #[allow(missing_docs, clippy::large_enum_variant)]
    pub mod v1 {
        tonic::include_proto!("questline.cluster.v1");
    }
}

/// Every file's descriptor, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/questline.bin"));
