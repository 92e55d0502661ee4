//! What is told of a deploy afterwards: those who hold copies of pages, and the hub of the feeds. None of it can undo the
//! deploy; what fails is said.

use crate::config::Config;
use crate::config::deploy::{Purge, Target};
use crate::deploy::Environment;
use crate::deploy::manifest::Kind;
use crate::deploy::plan::{Action, Change};
use crate::deploy::target::program::Program;
use crate::links::encode;

/// What came of one thing that was to be told: what was done, or what failed.
pub type Told = Result<String, String>;

/// Tells everybody that nutgraf.yaml names of what changed.
pub fn tell(
    config: &Config,
    target: &Target,
    changes: &[Change],
    environment: &Environment,
    deploy: &str,
) -> Vec<Told> {
    let home = format!("{}{}", config.origin, config.base_path);
    let home = target.url.as_deref().unwrap_or(&home).trim_end_matches('/').to_owned();
    // A name with a hash is new each time: nobody has a copy of another version.
    let others = changes.iter().filter(|c| c.kind != Kind::Hashed || c.action == Action::Delete);
    let addresses: Vec<String> = others.map(|change| address(&change.path)).collect();
    let mut told: Vec<Told> = Vec::new();
    for purge in target.purge.iter().filter(|_| !addresses.is_empty()) {
        told.push(match purge {
            Purge::Command(command) => self::command(command, &home, &addresses),
            Purge::CloudFront(id) => web::cloudfront(id, &home, &addresses, environment, deploy),
            Purge::Cloudflare(zone) => web::cloudflare(zone, &home, &addresses, environment),
            Purge::Fastly(service) => web::fastly(service, &home, &addresses, environment),
        });
    }
    if target.websub {
        let feeds = changes.iter().filter(|c| c.kind == Kind::Feed && c.action != Action::Delete);
        let feeds: Vec<String> = feeds.map(|change| format!("{home}{}", address(&change.path))).collect();
        told.push(match &config.feed.hub {
            None => Err("`websub` is on, but `feed` in nutgraf.yaml names no `hub`".to_owned()),
            Some(hub) => web::websub(hub, &feeds),
        });
    }
    told
}

/// The address that a file answers at.
fn address(path: &str) -> String {
    let path = path
        .strip_suffix("index.html")
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .unwrap_or(path);
    encode(&format!("/{path}"))
}

/// Runs a command of the user's, which reads the addresses from its stdin.
fn command(command: &str, home: &str, addresses: &[String]) -> Told {
    let words = shell_words::split(command).map_err(|error| format!("`{command}`: {error}"))?;
    let [name, words @ ..] = &words[..] else { return Err("the command of `purge` is empty".to_owned()) };
    let ran = Program::new(name)
        .with(words)
        .feed(|to| addresses.iter().try_for_each(|address| writeln!(to, "{home}{address}")));
    match ran {
        Ok(ran) if ran.code == Some(0) => Ok(format!("`{name}` got {} addresses", addresses.len())),
        Ok(ran) => Err(format!("`{name}` failed: {}", ran.said.trim())),
        Err(failure) => Err(failure.message),
    }
}

/// Without the network there is nobody to tell.
#[cfg(not(feature = "cloud"))]
mod web {
    use super::{Environment, Told};

    const WITHOUT: &str = "this nutgraf was built without the network; `cargo install nutgraf --features cloud` gets one with it";

    pub fn cloudfront(_: &str, _: &str, _: &[String], _: &Environment, _: &str) -> Told {
        Err(WITHOUT.to_owned())
    }

    pub fn cloudflare(_: &str, _: &str, _: &[String], _: &Environment) -> Told {
        Err(WITHOUT.to_owned())
    }

    pub fn fastly(_: &str, _: &str, _: &[String], _: &Environment) -> Told {
        Err(WITHOUT.to_owned())
    }

    pub fn websub(_: &str, _: &[String]) -> Told {
        Err(WITHOUT.to_owned())
    }
}

#[cfg(feature = "cloud")]
mod web {
    use http::{Request, header};
    use object_store::ClientOptions;
    use object_store::aws::AwsAuthorizer;
    use object_store::client::{HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use serde_json::json;

    use super::{Environment, Told};
    use crate::deploy::target::bucket::vendor;
    use crate::render::xml;

    /// Paths of one invalidation, by the limit of `CloudFront`; beyond it everything is forgotten.
    const MOST_INVALIDATIONS: usize = 1000;
    /// Addresses of one request of Cloudflare's plan without cost.
    const AT_ONCE: usize = 30;
    /// So many requests are made before everything is forgotten at once.
    const MOST_REQUESTS: usize = 10;

    /// `CreateInvalidation` of Amazon `CloudFront` (API of 2020-05-31).
    pub fn cloudfront(
        id: &str,
        home: &str,
        addresses: &[String],
        environment: &Environment,
        deploy: &str,
    ) -> Told {
        // A distribution knows the path of the site too.
        let base =
            home.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        let paths: Vec<String> = if addresses.len() > MOST_INVALIDATIONS {
            vec![format!("{base}/*")]
        } else {
            addresses.iter().map(|address| format!("{base}{address}")).collect()
        };
        let items: Vec<String> =
            paths.iter().map(|path| format!("<Path>{}</Path>", xml::escaped(path))).collect();
        let items = items.concat();
        let reference = format!("nutgraf-{deploy}");
        let body = format!(
            "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>{}</Quantity>\
             <Items>{items}</Items></Paths><CallerReference>{reference}</CallerReference></InvalidationBatch>",
            paths.len()
        );
        let server = environment.get("AWS_ENDPOINT_URL_CLOUDFRONT");
        let server = server.map_or("https://cloudfront.amazonaws.com", |url| url.trim_end_matches('/'));
        let url = format!("{server}/2020-05-31/distribution/{id}/invalidation");
        run("CloudFront", async {
            let credential =
                vendor::amazon_credential(environment).await.map_err(|failure| failure.message)?;
            let mut request = post(&url, "application/xml", body)?;
            AwsAuthorizer::new(&credential, "cloudfront", "us-east-1")
                .try_authorize(&mut request, None)
                .map_err(|error| error.to_string())?;
            send(request).await
        })?;
        Ok(format!("CloudFront forgets {}", addresses_of(&paths)))
    }

    /// `purge_cache` of Cloudflare's API, version 4.
    pub fn cloudflare(zone: &str, home: &str, addresses: &[String], environment: &Environment) -> Told {
        let Some(token) = environment.get("CLOUDFLARE_API_TOKEN") else {
            return Err("Cloudflare was not told: set CLOUDFLARE_API_TOKEN".to_owned());
        };
        let server = environment.get("CLOUDFLARE_BASE_URL");
        let server = server.map_or("https://api.cloudflare.com/client/v4", |url| url.trim_end_matches('/'));
        let url = format!("{server}/zones/{zone}/purge_cache");
        let all: Vec<String> = addresses.iter().map(|address| format!("{home}{address}")).collect();
        let bodies: Vec<String> = if all.len() > AT_ONCE * MOST_REQUESTS {
            vec![json!({"purge_everything": true}).to_string()]
        } else {
            all.chunks(AT_ONCE).map(|files| json!({"files": files}).to_string()).collect()
        };
        run("Cloudflare", async {
            for body in bodies {
                let mut request = post(&url, "application/json", body)?;
                authorize(&mut request, "authorization", &format!("Bearer {token}"))?;
                send(request).await?;
            }
            Ok(())
        })?;
        Ok(format!("Cloudflare forgets {}", addresses_of(&all)))
    }

    /// `purge_all` of Fastly's API, and the purge of single addresses.
    pub fn fastly(service: &str, home: &str, addresses: &[String], environment: &Environment) -> Told {
        let Some(token) = environment.get("FASTLY_API_TOKEN") else {
            return Err("Fastly was not told: set FASTLY_API_TOKEN".to_owned());
        };
        let server = environment.get("FASTLY_API_ENDPOINT");
        let server = server.map_or("https://api.fastly.com", |url| url.trim_end_matches('/'));
        let host = home.split_once("://").map_or(home, |(_, rest)| rest);
        let urls: Vec<String> = if addresses.len() > AT_ONCE {
            vec![format!("{server}/service/{service}/purge_all")]
        } else {
            addresses.iter().map(|address| format!("{server}/purge/{host}{address}")).collect()
        };
        run("Fastly", async {
            for url in &urls {
                let mut request = post(url, "application/json", String::new())?;
                authorize(&mut request, "fastly-key", token)?;
                send(request).await?;
            }
            Ok(())
        })?;
        Ok(format!("Fastly forgets {}", addresses_of(addresses)))
    }

    /// A ping of the publisher, as hubs of `WebSub` (W3C) take it: `hub.mode=publish`.
    pub fn websub(hub: &str, feeds: &[String]) -> Told {
        if feeds.is_empty() {
            return Ok("no feed changed, so the hub is not told".to_owned());
        }
        run("the hub", async {
            for feed in feeds {
                let feed = utf8_percent_encode(feed, NON_ALPHANUMERIC);
                // Hubs name the parameter in one of two ways.
                let body = format!("hub.mode=publish&hub.topic={feed}&hub.url={feed}");
                send(post(hub, "application/x-www-form-urlencoded", body)?).await?;
            }
            Ok(())
        })?;
        Ok(format!("the hub knows of {}", counted(feeds.len(), "feed", "feeds")))
    }

    fn addresses_of(all: &[String]) -> String {
        counted(all.len(), "address", "addresses")
    }

    fn counted(count: usize, one: &str, more: &str) -> String {
        format!("{count} {}", if count == 1 { one } else { more })
    }

    fn post(url: &str, kind: &str, body: String) -> Result<HttpRequest, String> {
        let request = Request::post(url).header(header::CONTENT_TYPE, kind);
        request.body(HttpRequestBody::from(body)).map_err(|_| format!("`{url}` is no address"))
    }

    fn authorize(request: &mut HttpRequest, name: &'static str, value: &str) -> Result<(), String> {
        let mut value =
            header::HeaderValue::from_str(value).map_err(|_| "the token has signs that no token has")?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }

    async fn send(request: HttpRequest) -> Result<(), String> {
        let options = ClientOptions::new().with_allow_http(true);
        let client = ReqwestConnector::default().connect(&options).map_err(|error| error.to_string())?;
        let answer = client.execute(request).await.map_err(|error| vendor::innermost(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = answer.into_body().bytes().await.unwrap_or_default();
        let said: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(format!("it answers {status}: {}", said.trim()))
    }

    /// Runs what needs the network to its end.
    fn run(whom: &str, work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        vendor::choose_cipher();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(work).map_err(|error| format!("{whom} was not told: {error}"))
    }
}
