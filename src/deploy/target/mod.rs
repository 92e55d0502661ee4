//! The places a site is shipped to, one file a kind: each carries out a plan in the way that is safe there.

#[cfg(feature = "cloud")]
pub mod bucket;

mod folder;
mod git;
pub mod program;
mod rsync;

use std::path::Path;

use super::failure::Failure;
use super::{Environment, Target};
use crate::config::deploy::{self, Destination};

/// The place that nutgraf.yaml names. Nothing is asked of it yet.
///
/// # Errors
/// When it is of a kind that this program was built without, or what it needs is missing.
pub fn open(
    target: &deploy::Target,
    site: &Path,
    environment: &Environment,
) -> Result<Box<dyn Target>, Failure> {
    match &target.to {
        Destination::Folder(folder) => Ok(Box::new(folder::Folder::new(&site.join(folder))?)),
        Destination::Git { url, branch, single } => {
            Ok(Box::new(git::Branch::new(site, url, branch, *single)))
        }
        Destination::Rsync { address, port } => {
            Ok(Box::new(rsync::Remote::new(site, address, *port, environment)))
        }
        #[cfg(feature = "cloud")]
        Destination::Bucket(bucket) => {
            Ok(Box::new(bucket::Objects::open(bucket, site, target.connections, environment)?))
        }
        #[cfg(not(feature = "cloud"))]
        Destination::Bucket(_) => Err(Failure::no_cloud()),
    }
}
