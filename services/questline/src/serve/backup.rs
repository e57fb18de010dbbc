//! The data folder of this process as a stream of files.

use std::path::PathBuf;

use embedded::backup::{BackupError, Beside, Gone, Piece, Source};
use proto::cluster::v1 as wire;
use proto::cluster::v1::backup_response;
use proto::cluster::v1::backup_service_server::BackupService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::commands::key::KEYS_FILE;

/// Pieces on their way to who asked; the reading waits for them.
const PIECES: usize = 8;

/// Copies of one folder.
pub(super) struct Backups(pub(super) Source);

/// What else lies in a data folder.
pub(crate) fn beside() -> Beside {
    let gateways = [notifications_service::NAME, bonus_engine_service::NAME];
    let journal = |gateway| {
        let path: PathBuf = [gateway, inbox::JOURNAL].iter().collect();
        path.to_string_lossy().into_owned()
    };
    Beside {
        appended: gateways.into_iter().map(journal).collect(),
        files: vec![KEYS_FILE.to_owned()],
    }
}

#[tonic::async_trait]
impl BackupService for Backups {
    type BackupStream = ReceiverStream<Result<wire::BackupResponse, Status>>;

    async fn backup(
        &self,
        _request: Request<wire::BackupRequest>,
    ) -> Result<Response<Self::BackupStream>, Status> {
        let (pieces, stream) = mpsc::channel(PIECES);
        let source = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let mut give = |piece| {
                let piece = wire::BackupResponse {
                    piece: Some(to_wire(piece)),
                };
                pieces.blocking_send(Ok(piece)).map_err(|_| Gone)
            };
            match source.copy(&beside(), &mut give) {
                Ok(()) => tracing::info!("a backup was taken"),
                Err(BackupError::Gone) => tracing::warn!("a backup was given up by who asked"),
                Err(error) => {
                    tracing::error!(%error, "a backup failed");
                    // Who asked may be gone as well.
                    drop(pieces.blocking_send(Err(Status::internal(error.to_string()))));
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

fn to_wire(piece: Piece) -> backup_response::Piece {
    match piece {
        Piece::Total(bytes) => backup_response::Piece::Total(bytes),
        Piece::File(path) => backup_response::Piece::File(path),
        Piece::Bytes(bytes) => backup_response::Piece::Bytes(bytes),
    }
}

/// A piece as it came; `None` for one of a later version.
pub(crate) fn of_wire(response: wire::BackupResponse) -> Option<Piece> {
    Some(match response.piece? {
        backup_response::Piece::Total(bytes) => Piece::Total(bytes),
        backup_response::Piece::File(path) => Piece::File(path),
        backup_response::Piece::Bytes(bytes) => Piece::Bytes(bytes),
    })
}
