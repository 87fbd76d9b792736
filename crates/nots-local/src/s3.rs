//! S3 on this machine: the wire protocol over a folder.
//!
//! Signatures are checked. Any access key is known, and its secret is the key itself.

use std::path::{Path, PathBuf};

use nots_core::ports::Cause;
use s3s::{
    S3Result,
    auth::{S3Auth, SecretKey},
    service::S3ServiceBuilder,
};
use tokio::net::TcpListener;

/// The bucket for compliance documents.
pub(crate) const DOCUMENTS: &str = "nots-documents-local";

struct KeyIsSecret;

#[async_trait::async_trait]
impl S3Auth for KeyIsSecret {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        Ok(SecretKey::from(access_key))
    }
}

/// A folder that S3's buckets are in; one that was only borrowed goes with it.
#[derive(Debug)]
pub(crate) struct Buckets {
    root: PathBuf,
    borrowed: bool,
}

impl Buckets {
    /// In a folder that is kept, or in one that is not.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(kept: Option<PathBuf>) -> std::io::Result<Self> {
        let borrowed = kept.is_none();
        let root = kept
            .unwrap_or_else(|| std::env::temp_dir().join(format!("nots-s3-{:016x}", rand::random::<u64>())));
        std::fs::create_dir_all(root.join(DOCUMENTS))?;
        Ok(Self { root, borrowed })
    }

    /// The folder.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        if self.borrowed {
            // What is left behind is the operating system's to clear away.
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

/// Serves a folder's buckets until the process ends.
///
/// # Errors
/// When the folder cannot be used.
pub(crate) fn serve(listener: TcpListener, buckets: &Buckets) -> Result<tokio::task::JoinHandle<()>, Cause> {
    let files = s3s_fs::FileSystem::new(buckets.root()).map_err(|error| format!("{error:?}"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(KeyIsSecret);
    let service = builder.build();
    Ok(tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let service = service.clone();
            tokio::spawn(async move {
                let stream = hyper_util::rt::TokioIo::new(stream);
                let server =
                    hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                // A client that goes away in the middle is its own affair.
                let _ = server.serve_connection(stream, service).await;
            });
        }
    }))
}
