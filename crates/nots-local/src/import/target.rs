//! Where an import goes, or an export comes from.

use std::{fs::File, path::PathBuf, sync::Arc};

use nots_aws::LocalDynamo;
use nots_core::{
    access,
    ports::{Cause, Clock, Table},
    table::Shards,
};
use nots_lambda::SystemClock;
use tokio::{net::TcpListener, task::JoinHandle};

use super::command::chain;
use crate::{clock::PlatformClock, dynamo::Dynamo, dynamo::TABLE, platform};

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The folder that a platform keeps its data in, while none runs on it.
    Data(PathBuf),
    /// A DynamoDB on plain HTTP, a running platform's own among them.
    Endpoint {
        /// `http://127.0.0.1:8000`.
        url: String,
        /// The table's name.
        table: String,
    },
    /// A table of the AWS account that the environment names.
    #[cfg(feature = "cloud")]
    Aws {
        /// The table's name.
        table: String,
    },
}

/// A table that can be read and written.
pub struct Opened {
    /// The table.
    pub table: Arc<dyn Table>,
    /// What time it is there.
    pub clock: Arc<dyn Clock>,
    serving: Option<JoinHandle<()>>,
    _lock: Option<File>,
}

impl Target {
    /// Opens the table, whose busy partitions are spread over shards; in a folder that has none it is made when
    /// `to_write`.
    ///
    /// # Errors
    /// When the folder is in use or cannot be used, there is no such table, or it does not answer.
    pub async fn open(&self, to_write: bool, shards: Shards) -> Result<Opened, Cause> {
        let mut opened = match self {
            Self::Data(folder) => {
                let file = folder.join("table.sqlite");
                if !to_write && !file.is_file() {
                    return Err(format!("{} holds no table", folder.display()).into());
                }
                let lock = platform::lock(folder).map_err(|error| {
                    format!("{error}; while it runs, name its DynamoDB: --endpoint http://127.0.0.1:8000")
                })?;
                let clock = Arc::new(PlatformClock::open(Some(folder.join("clock"))));
                let dynamo = Dynamo::open(Some(&file), clock.clone())?;
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let local = LocalDynamo::at(&format!("http://{}", listener.local_addr()?));
                let serving = Some(dynamo.serve(listener));
                local.create(TABLE).await?;
                Opened { table: Arc::new(local.table(TABLE)), clock, serving, _lock: Some(lock) }
            }
            Self::Endpoint { url, table } => {
                let table = Arc::new(LocalDynamo::at(url).table(table));
                Opened { table, clock: Arc::new(SystemClock), serving: None, _lock: None }
            }
            #[cfg(feature = "cloud")]
            Self::Aws { table } => {
                let table = nots_aws::Aws::from_env().await.table_named(table);
                Opened { table, clock: Arc::new(SystemClock), serving: None, _lock: None }
            }
        };
        opened.table = shards.over(opened.table.clone());
        // Whatever is wrong with the place shows before the first line does.
        opened.table.read(access::settings()).await.map_err(|error| chain(&error))?;
        Ok(opened)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
