//! A bucket as nutgraf.yaml and the environment describe it, as an object store that can be talked to. Credentials come from
//! where each vendor's own tools look for them.
#![expect(clippy::disallowed_methods, reason = "the vendor's own file of credentials is read")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::config::deploy::{Bucket, Vendor};
use crate::deploy::Environment;
use crate::deploy::failure::Failure;

/// How long somebody waits for a server that does not answer: short while a plan is made, longer when much is done
/// already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Some seconds.
    Short,
    /// A few minutes.
    Long,
}

/// The store that a bucket is in.
///
/// # Errors
/// When there are no credentials for it, or what is said of it makes no sense.
pub fn store(
    bucket: &Bucket,
    connections: usize,
    environment: &Environment,
    patience: Patience,
) -> Result<Arc<dyn ObjectStore>, Failure> {
    let own = Bucket {
        endpoint: bucket.endpoint.clone().or_else(|| endpoint_of(bucket, environment)),
        ..bucket.clone()
    };
    let is_plain = own.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            base: 2.,
        },
        max_retries: if patience == Patience::Short { 5 } else { 9 },
        retry_timeout: Duration::from_secs(if patience == Patience::Short { 15 } else { 170 }),
    };
    let client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_timeout(Duration::from_mins(2))
        .with_connect_timeout(Duration::from_secs(5))
        .with_pool_max_idle_per_host(connections);
    let made = match bucket.vendor {
        Vendor::S3 => amazon(&own, environment, retry, client)?,
        Vendor::Google => google(&own, environment, retry, client),
        Vendor::Azure => azure(&own, environment, retry, client)?,
    };
    made.map_err(|error| {
        Failure::other(format!("the bucket `{}` cannot be used: {}", bucket.name, innermost(&error)))
    })
}

type Made = Result<Arc<dyn ObjectStore>, object_store::Error>;

/// The server that the environment names, as the vendor's own tools understand it.
fn endpoint_of(bucket: &Bucket, environment: &Environment) -> Option<String> {
    let names: &[&str] = match bucket.vendor {
        Vendor::S3 => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
        Vendor::Google => &["STORAGE_EMULATOR_HOST", "GOOGLE_BASE_URL"],
        Vendor::Azure => &["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"],
    };
    names.iter().find_map(|name| environment.get(*name)).map(|url| url.trim_end_matches('/').to_owned())
}

/// Amazon's store with all that the environment says.
fn amazon_builder(
    what_for: &str,
    environment: &Environment,
    retry: RetryConfig,
    client: ClientOptions,
) -> Result<AmazonS3Builder, Failure> {
    let mut builder = AmazonS3Builder::new().with_retry(retry).with_client_options(client);
    for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("AWS_")) {
        let key = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
        // Where the bucket is, nutgraf.yaml says.
        let elsewhere = |key: &AmazonS3ConfigKey| {
            matches!(
                key,
                AmazonS3ConfigKey::Bucket | AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint
            )
        };
        if let Some(key) = key.ok().filter(|key| !elsewhere(key)) {
            builder = builder.with_config(key, value);
        }
    }
    let is_set = |name: &&str| environment.get(*name).is_some_and(|value| !value.is_empty());
    let others = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_METADATA_ENDPOINT",
        "AWS_SKIP_SIGNATURE",
    ];
    if !others.iter().any(is_set) {
        let Some(profile) = profile(environment) else {
            let how = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for one of ~/.aws/credentials; on a machine with a role, AWS_METADATA_ENDPOINT=http://169.254.169.254";
            return Err(Failure::no_credentials(what_for, how));
        };
        builder = builder.with_access_key_id(profile.id).with_secret_access_key(profile.secret);
        if let Some(token) = profile.token {
            builder = builder.with_token(token);
        }
    }
    Ok(builder)
}

fn amazon(
    bucket: &Bucket,
    environment: &Environment,
    retry: RetryConfig,
    client: ClientOptions,
) -> Result<Made, Failure> {
    let what_for = format!("the bucket `{}`", bucket.name);
    let mut builder = amazon_builder(&what_for, environment, retry, client)?;
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    // Servers of one's own seldom have a name for each bucket.
    let path_style = bucket.path_style.unwrap_or(bucket.endpoint.is_some());
    if let Some(endpoint) = &bucket.endpoint {
        let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", endpoint));
        builder = builder.with_endpoint(if path_style {
            endpoint.clone()
        } else {
            format!("{scheme}://{}.{host}", bucket.name)
        });
    }
    builder = builder.with_virtual_hosted_style_request(!path_style).with_bucket_name(&bucket.name);
    Ok(builder.build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>))
}

fn google(bucket: &Bucket, environment: &Environment, retry: RetryConfig, client: ClientOptions) -> Made {
    let mut builder = GoogleCloudStorageBuilder::new().with_retry(retry).with_client_options(client);
    for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("GOOGLE_")) {
        if let Ok(key) = name.to_ascii_lowercase().parse::<GoogleConfigKey>()
            && !matches!(key, GoogleConfigKey::Bucket)
        {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    builder.with_bucket_name(&bucket.name).build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
}

fn azure(
    bucket: &Bucket,
    environment: &Environment,
    retry: RetryConfig,
    client: ClientOptions,
) -> Result<Made, Failure> {
    let mut builder = MicrosoftAzureBuilder::new().with_retry(retry).with_client_options(client);
    for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("AZURE_")) {
        let elsewhere =
            |key: &AzureConfigKey| matches!(key, AzureConfigKey::ContainerName | AzureConfigKey::Endpoint);
        if let Some(key) =
            name.to_ascii_lowercase().parse::<AzureConfigKey>().ok().filter(|key| !elsewhere(key))
        {
            builder = builder.with_config(key, value);
        }
    }
    if !environment.contains_key("AZURE_STORAGE_ACCOUNT_NAME") {
        let how = "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY";
        return Err(Failure::no_credentials(&format!("the container `{}`", bucket.name), how));
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint.clone()).with_allow_http(endpoint.starts_with("http://"));
    }
    Ok(builder.with_container_name(&bucket.name).build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>))
}

/// The credentials for Amazon's other services.
///
/// # Errors
/// When there are none.
pub async fn amazon_credential(environment: &Environment) -> Result<Arc<AwsCredential>, Failure> {
    let (retry, client) = (RetryConfig { max_retries: 3, ..RetryConfig::default() }, ClientOptions::new());
    let builder = amazon_builder("CloudFront", environment, retry, client)?;
    let failed = |error| Failure::other(innermost(&error));
    let store = builder.with_bucket_name("none").build().map_err(failed)?;
    store.credentials().get_credential().await.map_err(failed)
}

/// Tells the library of secure connections which ciphers it is to use, without which it stops the program.
pub fn choose_cipher() {
    // That they were chosen before is no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Credentials of a profile.
pub struct Profile {
    /// The id of the key.
    pub id: String,
    /// The key.
    pub secret: String,
    /// The token of a session.
    pub token: Option<String>,
}

/// What Amazon's own tools keep in `~/.aws/credentials`.
pub fn profile(environment: &Environment) -> Option<Profile> {
    let file = environment.get("AWS_SHARED_CREDENTIALS_FILE").cloned();
    let file = file.or_else(|| Some(format!("{}/.aws/credentials", environment.get("HOME")?)))?;
    let text = fs::read_to_string(file).ok()?;
    let wanted = environment.get("AWS_PROFILE").map_or("default", String::as_str);
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| {
        line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(str::trim) == Some(wanted)
    })?;
    let own: Vec<(&str, &str)> = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let value = |name: &str| own.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Some(Profile {
        id: value("aws_access_key_id")?,
        secret: value("aws_secret_access_key")?,
        token: value("aws_session_token"),
    })
}

/// The first cause of an error, which says what happened without where.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
