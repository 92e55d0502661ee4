//! `nutgraf deploy` to buckets: a real S3 server, with a proxy before it that counts and fails, deploys that are killed,
//! two at once, and who is told afterwards.

use std::collections::BTreeMap;

use serde_json::json;

use crate::s3::{Faults, Hook, Proxy, S3};
use crate::ships::{
    AWS, FIRST, Twice, about, built, differences, history, paths, plan, settle, ship, ship_cleanly, site,
    third_for_second, without_records,
};
use crate::site::{NOW, Run, Site};

const BUCKET: &str = "newsroom";

/// Settings of a bucket behind an address, with more keys.
fn bucket(endpoint: &str, more: &str) -> String {
    format!("  s3: {{to: \"s3://{BUCKET}\", endpoint: \"{endpoint}\"{more}}}\n")
}

fn server() -> Option<S3> {
    let server = S3::start()?;
    server.make_bucket(BUCKET);
    Some(server)
}

/// The site as readers find it in the bucket.
fn shown(server: &S3) -> BTreeMap<String, Vec<u8>> {
    without_records(server.objects(BUCKET))
}

#[test]
fn a_bucket_holds_just_the_site_with_its_headers() {
    let Some(server) = server() else { return };
    let site = site(&bucket(&server.endpoint(), ""));
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&shown(&server), &built(&site)), Vec::<String>::new());
    let headers = |path: &str| {
        let object = server.object(BUCKET, path).unwrap_or_else(|| panic!("{path} is there"));
        (object.content_type.unwrap_or_default(), object.cache_control.unwrap_or_default())
    };
    let again = "public, max-age=0, must-revalidate";
    for (path, kind, cache) in [
        ("index.html", "text/html; charset=utf-8", again),
        ("briefings/first/index.html", "text/html; charset=utf-8", again),
        ("feed.xml", "application/rss+xml; charset=utf-8", "public, max-age=300"),
        ("feed.json", "application/feed+json; charset=utf-8", "public, max-age=300"),
        ("sitemap.xml", "text/xml; charset=utf-8", "public, max-age=300"),
        ("robots.txt", "text/plain; charset=utf-8", again),
        ("site.webmanifest", "application/manifest+json; charset=utf-8", again),
    ] {
        assert_eq!(headers(path), (kind.to_owned(), cache.to_owned()), "{path}");
    }
    let picture = built(&site).into_keys().find(|path| path.starts_with("assets/sea-")).expect("the picture");
    assert_eq!(
        headers(&picture),
        ("image/svg+xml".to_owned(), "public, max-age=31536000, immutable".to_owned())
    );
    let again = ship_cleanly(&site, &[]);
    assert!(again.stdout.ends_with("nothing to ship: all of it is there already\n"), "{}", again.stdout);
    // What others keep in the bucket stays.
    server.put(BUCKET, "others/file.txt", b"theirs");
    about(&site);
    ship_cleanly(&site, &[]);
    assert_eq!(server.object(BUCKET, "others/file.txt").expect("it is there").bytes, b"theirs");
}

#[test]
fn a_folder_of_a_bucket_and_the_records_lie_where_the_settings_say() {
    let Some(server) = server() else { return };
    let to = format!(
        "  s3: {{to: \"s3://{BUCKET}/a/b/\", endpoint: \"{}\", records: kept/here}}\n",
        server.endpoint()
    );
    let site = site(&to);
    server.put(BUCKET, "a/b/old.html", b"before");
    let run = ship(&site, &[]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "warning: 1 objects are there that no deploy of nutgraf made; those of other names are left alone\n"
    );
    let all = server.objects(BUCKET);
    let below = |prefix: &str| -> BTreeMap<String, Vec<u8>> {
        let own =
            all.iter().filter_map(|(key, bytes)| Some((key.strip_prefix(prefix)?.to_owned(), bytes.clone())));
        own.collect()
    };
    assert_eq!(differences(&below("a/b/"), &built(&site)), ["old.html"]);
    assert!(below("kept/here/a/b/").contains_key("current.gz"), "{:?}", all.keys());
    assert_eq!(all.len(), below("a/b/").len() + below("kept/here/").len());
}

#[test]
fn what_leads_to_something_is_put_when_that_is_there() {
    let Some(server) = server() else { return };
    let proxy = Proxy::start(&server.endpoint(), Faults::NONE);
    let site = site(&bucket(&proxy.endpoint(), ""));
    ship_cleanly(&site, &[]);
    proxy.forget();
    site.remove("content/briefings/second.md");
    site.write(
        "content/briefings/third.md",
        FIRST.replace("First", "Third").replace("11", "13").replace("sea", "lake"),
    );
    site.write("content/briefings/lake.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    site.write("static/note.txt", "A note.");
    ship_cleanly(&site, &[]);
    let requests = proxy.requests();
    let at = |method: &str, part: &str| -> Vec<usize> {
        let found =
            requests.iter().enumerate().filter(|(_, (m, target))| m == method && target.contains(part));
        found.map(|(i, _)| i).collect()
    };
    // Each of these is done when all of the one before is; within one, the order is free.
    let parts = [
        at("COPY", "/.nutgraf/kept/"),
        at("PUT", "/assets/lake-"),
        at("PUT", "/note.txt"),
        at("PUT", "/briefings/third/index.html"),
        [at("PUT", "/briefings/first/index.html"), at("PUT", "/404.html")].concat(),
        [at("PUT", "/newsroom/index.html"), at("PUT", "/newsroom/feed.xml"), at("PUT", "/sitemap.xml")]
            .concat(),
        at("POST", "?delete"),
        at("PUT", "/.nutgraf/current.gz"),
    ];
    for pair in parts.windows(2) {
        let (before, after) = (pair[0].iter().max().expect("one"), pair[1].iter().min().expect("one"));
        assert!(before < after, "{requests:#?}");
    }
    assert_eq!(differences(&shown(&server), &built(&site)), Vec::<String>::new());
}

#[test]
fn only_what_changed_is_sent_and_little_else_is_asked() {
    let Some(server) = server() else { return };
    let proxy = Proxy::start(&server.endpoint(), Faults::NONE);
    let twice = Twice::new(20, &bucket(&proxy.endpoint(), ""));
    twice.ship(0);
    proxy.forget();
    twice.ship(0);
    assert_eq!(proxy.counts(), BTreeMap::from([("GET".to_owned(), 2)]), "nothing changed");
    proxy.forget();
    for n in 0..20 {
        let page = twice.folders[0].join(format!("briefings/story-{n}/index.html"));
        let text = std::fs::read_to_string(&page).expect("a page");
        std::fs::write(page, text.replace("</main>", "<p>More.</p></main>")).expect("a page");
    }
    twice.ship(0);
    let is_of_the_site =
        |(method, target): &&(String, String)| method == "PUT" && !target.contains("/.nutgraf/");
    let requests = proxy.requests();
    let sent = requests.iter().filter(is_of_the_site).count();
    assert_eq!(sent, 20);
    assert!(requests.len() - sent <= 30, "{:?}", proxy.counts());
}

#[test]
fn a_change_of_headers_alone_is_seen() {
    let Some(server) = server() else { return };
    let site = site(&bucket(&server.endpoint(), ""));
    ship_cleanly(&site, &[]);
    settle(
        &site,
        &bucket(&server.endpoint(), ", cache: [{match: \"/feed.*\", control: no-cache, type: text/plain}]"),
    );
    let plan = plan(&site, &[]);
    assert_eq!(paths(&plan, "changed"), ["feed.json", "feed.xml"]);
    assert_eq!(plan["changed"][0]["why"], json!(["type", "cache header"]));
    ship_cleanly(&site, &[]);
    let feed = server.object(BUCKET, "feed.xml").expect("the feed");
    assert_eq!(
        (feed.content_type.as_deref(), feed.cache_control.as_deref()),
        (Some("text/plain"), Some("no-cache"))
    );
    settle(&site, &bucket(&server.endpoint(), ", compress: gzip"));
    ship_cleanly(&site, &[]);
    let page = server.object(BUCKET, "index.html").expect("the front page");
    assert_eq!(page.content_encoding.as_deref(), Some("gzip"));
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&page.bytes[..]), &mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, built(&site)["index.html"]);
}

#[test]
fn an_earlier_deploy_is_gone_back_to_with_bytes_and_headers() {
    let Some(server) = server() else { return };
    let site = site(&bucket(&server.endpoint(), ""));
    ship_cleanly(&site, &[]);
    let first = shown(&server);
    let headers = |path: &str| server.object(BUCKET, path).map(|o| (o.content_type, o.cache_control));
    let feed = headers("feed.xml");
    third_for_second(&site);
    settle(&site, &bucket(&server.endpoint(), ", cache: [{match: \"/feed.xml\", control: no-cache}]"));
    ship_cleanly(&site, &[]);
    let second = shown(&server);
    about(&site);
    ship_cleanly(&site, &[]);
    let known = history(&site, "s3");
    assert_eq!(known.len(), 3);
    ship_cleanly(&site, &["--rollback", &known[2]]);
    assert_eq!(differences(&shown(&server), &first), Vec::<String>::new());
    assert_eq!(headers("feed.xml"), feed);
    ship_cleanly(&site, &["--rollback", &known[1]]);
    assert_eq!(differences(&shown(&server), &second), Vec::<String>::new());
    assert_eq!(headers("feed.xml").expect("the feed").1.as_deref(), Some("no-cache"));
    // And on from there.
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&shown(&server), &built(&site)), Vec::<String>::new());
}

#[test]
fn what_is_kept_goes_when_its_time_is_over() {
    let Some(server) = server() else { return };
    let site = site(&bucket(&server.endpoint(), ", keep: 1 ms"));
    for n in 1..=4 {
        site.write("content/pages/about.md", format!("---\ntitle: About {n}\n---\nVersion {n}.\n"));
        ship_cleanly(&site, &[]);
    }
    let records: Vec<String> =
        server.keys(BUCKET).into_iter().filter(|key| key.starts_with(".nutgraf/")).collect();
    let of = |part: &str| records.iter().filter(|key| key.contains(part)).count();
    assert_eq!(of("/deploys/"), 2, "{records:?}");
    let plan = plan(&site, &["--force"]);
    assert_eq!(paths(&plan, "deleted"), Vec::<String>::new());
    settle(&site, &bucket(&server.endpoint(), ", keep: off"));
    site.write("content/pages/about.md", "---\ntitle: About\n---\nThe last.\n");
    ship_cleanly(&site, &[]);
    let records: Vec<String> =
        server.keys(BUCKET).into_iter().filter(|key| key.starts_with(".nutgraf/")).collect();
    assert_eq!(records.len(), 3, "the record of what is there, twice, and the lock: {records:?}");
}

#[test]
fn a_server_that_fails_one_request_of_five_gets_the_whole_site() {
    let Some(server) = server() else { return };
    for seed in 0..2 {
        let proxy = Proxy::start(&server.endpoint(), Faults::of(20, seed));
        let to = bucket(&proxy.endpoint(), "").replace(BUCKET, &format!("{BUCKET}/{seed}"));
        let twice = Twice::new(15, &to);
        for i in [0, 1, 0] {
            twice.ship(i);
            let prefix = format!("{seed}/");
            let own = server.objects(BUCKET).into_iter();
            let own = own.filter_map(|(key, bytes)| Some((key.strip_prefix(&prefix)?.to_owned(), bytes)));
            assert_eq!(differences(&without_records(own.collect()), &twice.files[i]), Vec::<String>::new());
        }
        assert!(proxy.faults().values().sum::<usize>() > 20, "{:?}", proxy.faults());
    }
}

#[test]
fn killed_at_any_moment_a_bucket_shows_whole_pages_and_the_next_deploy_goes_on() {
    bucket_killed(4, 20, Faults::NONE);
}

#[test]
fn killed_before_a_server_that_fails_it_goes_on_all_the_same() {
    bucket_killed(2, 10, Faults::of(10, 3));
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn killed_at_fifty_moments_a_bucket_of_two_thousand_files_is_whole() {
    bucket_killed(50, 650, Faults::NONE);
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn killed_at_fifty_moments_before_a_server_that_fails_one_request_of_five() {
    bucket_killed(50, 150, Faults::of(20, 5));
}

fn bucket_killed(times: u32, briefings: usize, faults: Faults) {
    let Some(server) = server() else { return };
    let proxy = Proxy::start(&server.endpoint(), faults);
    let twice = Twice::new(briefings, &bucket(&proxy.endpoint(), ""));
    twice.kill(times, |path| server.object(BUCKET, path).map(|object| object.bytes), || shown(&server));
}

#[test]
fn of_two_deploys_at_once_one_wins_and_the_bucket_is_whole() {
    let Some(server) = server() else { return };
    let to = bucket(&server.endpoint(), "");
    let (one, other) = (Twice::new(15, &to), Twice::new(15, &to));
    one.ship(0);
    for _ in 0..5 {
        // From two machines, as far as they know.
        let (mut a, mut b) = (one.start(0), other.start(1));
        let ended = [a.wait().expect("it ends").code(), b.wait().expect("it ends").code()];
        assert!(ended.contains(&Some(0)), "{ended:?}");
        let now = shown(&server);
        assert!(one.files.contains(&now), "{ended:?} {:?}", differences(&now, &one.files[0]));
    }
}

/// A lock as another machine leaves it.
fn lock(server: &S3, is_over: bool) {
    let lock = json!({"id": "20240101-000000-00000000", "who": "begun elsewhere", "token": "x", "seen": "2024-01-01T00:00:00Z", "is_over": is_over, "began": true, "mark": null});
    server.put(BUCKET, ".nutgraf/lock.json", lock.to_string().as_bytes());
}

#[test]
fn a_lock_of_another_machine_holds_while_it_is_alive() {
    let Some(server) = server() else { return };
    let site = site(&bucket(&server.endpoint(), ""));
    ship_cleanly(&site, &[]);
    about(&site);
    let before = shown(&server);
    lock(&server, false);
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .starts_with("error: another deploy to this target is under way (begun elsewhere, last heard of"),
        "{}",
        run.stderr
    );
    assert_eq!(shown(&server), before);
    lock(&server, true);
    let run = ship(&site, &[]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            0,
            "warning: a deploy was cut short whose record is lost; everything is shipped again, and what it added stays\n"
        )
    );
    assert_eq!(differences(&shown(&server), &built(&site)), Vec::<String>::new());
    let released = server.object(BUCKET, ".nutgraf/lock.json").expect("the lock").bytes;
    assert!(String::from_utf8_lossy(&released).contains("\"is_over\":true"), "nobody need wait");
}

#[test]
fn what_is_wrong_with_a_bucket_is_said() {
    let Some(server) = server() else { return };
    let said = |run: &Run| -> String { run.stderr.clone() };
    let site = site(&bucket(&server.endpoint(), ""));
    site.build_cleanly();
    let run = site.run_with(&["deploy", "--yes", "--now", NOW], &[("HOME", "/nowhere")]);
    assert_eq!(run.code, 1);
    assert_eq!(
        said(&run),
        "error: there are no credentials for the bucket `newsroom`\n  \
         help: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for one of ~/.aws/credentials; \
         on a machine with a role, AWS_METADATA_ENDPOINT=http://169.254.169.254\n"
    );
    settle(&site, &bucket(&server.endpoint(), "").replace(BUCKET, "nowhere"));
    let run = ship(&site, &[]);
    assert_eq!(
        (run.code, said(&run).as_str()),
        (
            1,
            "error: there is no bucket `nowhere`: The specified bucket does not exist\n  \
             help: make it first, or look at its name, `region` and `endpoint` in nutgraf.yaml\n"
        )
    );
    settle(&site, &bucket("http://127.0.0.1:9", ""));
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(said(&run).starts_with("error: the server of `newsroom` cannot be reached: "), "{}", said(&run));
    assert!(
        said(&run).contains("help: look at the network, and at `endpoint` and `region`"),
        "{}",
        said(&run)
    );
    // Each vendor's own file of credentials is read, and nothing of it is ever said.
    site.write("credentials", "[other]\naws_access_key_id = no\n[press]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s3cr3t-of-ours\n");
    settle(&site, &bucket(&server.endpoint(), ""));
    let file = site.path().join("credentials");
    let environment =
        [("AWS_SHARED_CREDENTIALS_FILE", file.to_str().expect("UTF-8")), ("AWS_PROFILE", "press")];
    let run = site.run_with(&["deploy", "--yes", "-v", "--now", NOW], &environment);
    assert_eq!((run.code, said(&run).as_str()), (0, ""));
    settle(&site, &bucket("http://127.0.0.1:9", ""));
    let failed = site.run_with(&["deploy", "--yes", "-v", "--now", NOW], &environment);
    for text in [run.stdout, failed.stdout, failed.stderr] {
        assert!(!text.contains("s3cr3t") && !text.contains("AKIDEXAMPLE"), "{text}");
    }
}

#[test]
fn wrong_credentials_are_said_to_be_wrong() {
    let hook = Hook::refusing(
        "403 Forbidden",
        "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match.</Message></Error>",
    );
    let site = site(&bucket(&hook.url(), ""));
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "error: the server refused access to `newsroom`: The request signature we calculated does not match\n  \
         help: look at the credentials in the environment, and at what they may do: read, write, copy and delete objects, and list them\n"
    );
}

#[test]
fn who_holds_copies_and_the_hub_are_told_what_changed() {
    let Some(server) = server() else { return };
    let hook = Hook::start();
    let more = ", websub: true, purge: {cloudfront: E123, cloudflare: zone1, fastly: service1}";
    let site =
        site(&(bucket(&server.endpoint(), more) + &format!("feed: {{hub: \"{}/hub\"}}\n", hook.url())));
    let told = |site: &Site| {
        let url = hook.url();
        let environment = [
            AWS,
            &[
                ("AWS_ENDPOINT_URL_CLOUDFRONT", url.as_str()),
                ("CLOUDFLARE_BASE_URL", &url),
                ("FASTLY_API_ENDPOINT", &url),
                ("CLOUDFLARE_API_TOKEN", "cf-token"),
                ("FASTLY_API_TOKEN", "f-token"),
            ],
        ]
        .concat();
        site.run_with(&["deploy", "--yes", "--now", NOW], &environment)
    };
    assert_eq!(told(&site).code, 0);
    let before = hook.asked().len();
    site.write(
        "content/briefings/second.md",
        "---\ntitle: Second\ndate: 2023-09-12\nminor: true\n---\nThe second, mended.\n",
    );
    let run = told(&site);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let asked = hook.asked().split_off(before);
    let to =
        |what: &str| asked.iter().filter(|asked| asked.what.starts_with(what)).cloned().collect::<Vec<_>>();
    let cloudfront = to("POST /2020-05-31/distribution/E123/invalidation");
    assert_eq!(cloudfront.len(), 1);
    assert!(cloudfront[0].body.contains("<Path>/briefings/second/</Path>"), "{}", cloudfront[0].body);
    assert!(!cloudfront[0].body.contains("/briefings/first/"), "{}", cloudfront[0].body);
    let signed = cloudfront[0].authority.as_deref().expect("it is signed");
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256 Credential=somebody/")
            && signed.contains("/us-east-1/cloudfront/aws4_request"),
        "{signed}"
    );
    let cloudflare = to("POST /zones/zone1/purge_cache");
    assert!(
        cloudflare[0].body.contains("\"https://example.org/briefings/second/\""),
        "{}",
        cloudflare[0].body
    );
    assert_eq!(cloudflare[0].authority.as_deref(), Some("Bearer cf-token"));
    let fastly = to("POST /purge/example.org/briefings/second/");
    assert_eq!(fastly[0].authority.as_deref(), Some("f-token"));
    let hub = to("POST /hub");
    let bodies: Vec<&str> = hub.iter().map(|asked| asked.body.as_str()).collect();
    let feed = "hub.mode=publish&hub.topic=https%3A%2F%2Fexample%2Eorg%2Ffeed%2Exml&hub.url=https%3A%2F%2Fexample%2Eorg%2Ffeed%2Exml";
    assert!(bodies.contains(&feed), "{bodies:?}");
    // What fails is said, and the deploy counts all the same.
    site.write(
        "content/briefings/second.md",
        "---\ntitle: Second\ndate: 2023-09-12\nminor: true\n---\nThe second.\n",
    );
    drop(hook);
    let run = ship(&site, &[]);
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("warning: Cloudflare was not told: set CLOUDFLARE_API_TOKEN\n"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("warning: the hub was not told: "), "{}", run.stderr);
    assert_eq!(differences(&shown(&server), &built(&site)), Vec::<String>::new());
}
