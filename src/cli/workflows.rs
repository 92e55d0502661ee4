//! The texts of `nutgraf new --ci`: workflows that check, build and ship a site at each push, and when it changes by itself.

use std::fmt::Write as _;

use clap::ValueEnum;

use crate::config::deploy::{Destination, Purge, Target, Vendor};

/// Who runs the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runner {
    /// GitHub Actions
    Github,
    /// GitLab CI/CD
    Gitlab,
}

impl Runner {
    /// The file in which it looks for the workflow.
    pub fn file(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/site.yml",
            Self::Gitlab => ".gitlab-ci.yml",
        }
    }

    /// The workflow of a site that is shipped to these places.
    pub fn workflow(self, targets: &[Target], branch: &str) -> String {
        match self {
            Self::Github => github(targets, branch),
            Self::Gitlab => gitlab(targets),
        }
    }
}

/// What a scheduled run does first: what was shipped of these sources, and did not change by itself since, is not shipped
/// again; nor does the clock undo what somebody went back to.
const POLL: &[&str] = &[
    "last=$(nutgraf deploy --history --format short | head -n 1) || true",
    "back=$(echo \"$last\" | cut -f 5) revision=$(echo \"$last\" | cut -f 4 | cut -c 1-12)",
    "if [ -n \"$back\" ] && [ \"$back\" != - ]; then",
    "  echo 'somebody went back to an earlier deploy: only a push ships now'; exit 0",
    "fi",
    "if [ \"$revision\" = \"$(git rev-parse HEAD | cut -c 1-12)\" ]; then",
    "  nutgraf next --since \"$(echo \"$last\" | cut -f 3)\" || code=$?",
    "  case \"${code:-0}\" in",
    "    0) ;;",
    "    3) echo 'nothing changed by itself'; exit 0 ;;",
    "    *) exit \"$code\" ;;",
    "  esac",
    "fi",
];

/// The variables in which the credentials of a place are.
fn secrets(target: &Target) -> Vec<&'static str> {
    let own: &[&str] = match &target.to {
        Destination::Bucket(bucket) => match bucket.vendor {
            Vendor::S3 => &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
            Vendor::Google => &["GOOGLE_SERVICE_ACCOUNT_KEY"],
            Vendor::Azure => &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"],
        },
        Destination::Rsync { address, .. } if address.starts_with("rsync:") => &["RSYNC_PASSWORD"],
        Destination::Rsync { .. } => &["DEPLOY_KEY", "KNOWN_HOSTS"],
        Destination::Git { url, .. } if url.starts_with("ssh:") => &["DEPLOY_KEY", "KNOWN_HOSTS"],
        Destination::Folder(_) | Destination::Git { .. } => &[],
    };
    let purges = target.purge.iter().filter_map(|purge| match purge {
        Purge::Cloudflare(_) => Some("CLOUDFLARE_API_TOKEN"),
        Purge::Fastly(_) => Some("FASTLY_API_TOKEN"),
        // With the credentials of the bucket, or with what the command takes.
        Purge::CloudFront(_) | Purge::Command(_) => None,
    });
    own.iter().copied().chain(purges).collect()
}

/// What must be done before anything is shipped, a line each: who pushes, and the key of a server.
fn preparation(target: &Target, runner: Runner) -> Vec<String> {
    let host = |address: &str| {
        address.split(':').next().unwrap_or_default().rsplit('@').next().unwrap_or_default().to_owned()
    };
    match &target.to {
        Destination::Git { url, .. } if url.starts_with("http") => {
            let (user, token) = match runner {
                Runner::Github => ("x-access-token", "GITHUB_TOKEN"),
                Runner::Gitlab => ("deploy", "DEPLOY_TOKEN"),
            };
            let helper = format!("!f() {{ echo username={user}; echo \"password=${token}\"; }}; f");
            vec![format!("git config --global credential.helper '{helper}'")]
        }
        Destination::Rsync { address, port } if !address.starts_with("rsync:") => {
            let port = port.map_or_else(String::new, |port| format!("-p {port} "));
            key_of(&(port + &host(address)))
        }
        Destination::Git { url, .. } if url.starts_with("ssh:") => {
            let authority = url.trim_start_matches("ssh://").split('/').next().unwrap_or_default();
            key_of(&host(authority.rsplit('@').next().unwrap_or_default()))
        }
        Destination::Folder(_)
        | Destination::Bucket(_)
        | Destination::Git { .. }
        | Destination::Rsync { .. } => Vec::new(),
    }
}

/// A key of ssh, and what is known of a host.
fn key_of(host: &str) -> Vec<String> {
    vec![
        "mkdir -p ~/.ssh && chmod 700 ~/.ssh".to_owned(),
        "(umask 077; printf '%s\\n' \"$DEPLOY_KEY\" > ~/.ssh/id_ed25519)".to_owned(),
        format!("printf '%s\\n' \"$KNOWN_HOSTS\" >> ~/.ssh/known_hosts  # what `ssh-keyscan {host}` prints"),
    ]
}

fn github(targets: &[Target], branch: &str) -> String {
    let first = targets.first();
    let secrets = first.map(secrets).unwrap_or_default();
    let pushes = first
        .is_some_and(|target| matches!(&target.to, Destination::Git { url, .. } if url.starts_with("http")));
    let permissions = if pushes { "write" } else { "read" };
    let mut environment = String::new();
    if pushes {
        environment.push_str("          GITHUB_TOKEN: ${{ github.token }}\n");
    }
    for name in &secrets {
        let _ = writeln!(environment, "          {name}: ${{{{ secrets.{name} }}}}");
    }
    if !environment.is_empty() {
        environment = format!("        env:\n{environment}");
    }
    let prepare = indented(&first.map(|target| preparation(target, Runner::Github)).unwrap_or_default(), 10);
    let poll = indented(POLL, 12);
    format!(
        r#"# Checks the site at each push and pull request, ships it from one branch, and looks every quarter of an hour
# whether it changed by itself: an embargo ended, a date came, a story is no news any more.
name: Site

on:
  push:
    branches: [{branch}]
  pull_request:
  schedule:
    - cron: "7,22,37,52 * * * *"
  workflow_dispatch:

permissions:
  contents: {permissions}

# One deploy after the other, none cut short.
concurrency:
  group: site-${{{{ github.ref }}}}
  cancel-in-progress: false

env:
  NUTGRAF_VERSION: "{version}"

jobs:
  site:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with:
          path: |
            ~/.cargo/bin/nutgraf
            .nutgraf/cache
          key: nutgraf-${{{{ runner.os }}}}-${{{{ env.NUTGRAF_VERSION }}}}-${{{{ github.run_id }}}}
          restore-keys: nutgraf-${{{{ runner.os }}}}-${{{{ env.NUTGRAF_VERSION }}}}-
      - name: Get nutgraf
        run: command -v nutgraf || cargo install nutgraf --version "$NUTGRAF_VERSION" --locked
      - name: Check
        if: github.event_name != 'schedule'
        run: nutgraf check --format github
      - name: Deploy
        if: github.event_name != 'pull_request' && github.ref == 'refs/heads/{branch}'
{environment}        run: |
{prepare}          if [ "$GITHUB_EVENT_NAME" = schedule ]; then
{poll}          fi
          nutgraf deploy --yes
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// Lines, each so far from the edge.
fn indented(lines: &[impl AsRef<str>], spaces: usize) -> String {
    let lines = lines.iter().map(|line| " ".repeat(spaces) + line.as_ref() + "\n");
    lines.collect::<Vec<_>>().concat()
}

fn gitlab(targets: &[Target]) -> String {
    let first = targets.first();
    let mut secrets = first.map(secrets).unwrap_or_default();
    let lines = first.map(|target| preparation(target, Runner::Gitlab)).unwrap_or_default();
    if first
        .is_some_and(|target| matches!(&target.to, Destination::Git { url, .. } if url.starts_with("http")))
    {
        secrets.push("DEPLOY_TOKEN");
    }
    let tools = if first.is_some_and(|target| matches!(target.to, Destination::Rsync { .. })) {
        "    - command -v rsync || (apt-get update && apt-get install -y --no-install-recommends rsync openssh-client)
"
    } else {
        ""
    };
    let wanted = if secrets.is_empty() {
        String::new()
    } else {
        format!("# Under Settings, CI/CD, Variables set, masked and protected: {}.\n", secrets.join(", "))
    };
    let prepare = indented(&lines, 6);
    let poll = indented(POLL, 8);
    format!(
        r#"# Checks the site at each push and merge request, and ships it from the default branch. For embargoes, dates and the news
# window, make a schedule under Build, Pipeline schedules: */15 * * * *. It ships only when the site changed by itself.
{wanted}
image: rust:1-bookworm

stages: [check, deploy]

variables:
  NUTGRAF_VERSION: "{version}"

default:
  cache:
    key: nutgraf-$NUTGRAF_VERSION
    paths: [.cargo/bin/nutgraf, .nutgraf/cache]
  before_script:
    - export CARGO_HOME="$CI_PROJECT_DIR/.cargo" PATH="$CI_PROJECT_DIR/.cargo/bin:$PATH"
    - command -v nutgraf || cargo install nutgraf --version "$NUTGRAF_VERSION" --locked
{tools}
# One pipeline a change: of its merge request, or of its branch.
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
      when: never
    - if: $CI_COMMIT_BRANCH

check:
  stage: check
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
      when: never
    - when: on_success
  script:
    - nutgraf check

deploy:
  stage: deploy
  # One deploy after the other, none cut short.
  resource_group: site
  interruptible: false
  environment: production
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - |
{prepare}      if [ "$CI_PIPELINE_SOURCE" = schedule ]; then
{poll}      fi
      nutgraf deploy --yes
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}
