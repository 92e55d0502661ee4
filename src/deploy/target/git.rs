//! A branch of a git repository, for hosts that publish one. The site is one commit, pushed at once or not at all, by the
//! program `git`. Records and earlier sites lie under a reference of their own, `refs/nutgraf/<branch>`, which hosts
//! do not publish and clones do not fetch.
#![expect(clippy::disallowed_methods, reason = "a deploy keeps a copy of the branch beside the cache")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::program::{Program, line};
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Digest, Manifest, Record, Served};
use crate::deploy::plan::{Action, Standing};
use crate::deploy::{Bytes, Shipment, Target};

/// A branch.
pub struct Branch {
    /// The repository, as git takes it.
    url: String,
    /// Its name.
    name: String,
    /// Whether it has no history.
    single: bool,
    /// A bare repository of this machine, which may be deleted at any time.
    copy: PathBuf,
    lock: PathBuf,
}

/// The commits at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tips {
    /// Of the site.
    site: String,
    /// Of the records.
    records: String,
}

impl Tips {
    /// Both as one text.
    fn stamp(&self) -> String {
        format!("{} {}", self.site, self.records)
    }
}

/// Where the copy keeps what it fetched and made.
const SITE: &str = "refs/deploy/site";
const RECORDS: &str = "refs/deploy/records";

impl Branch {
    /// The target of a branch, for a site in a folder.
    pub fn new(site: &Path, url: &str, branch: &str, single: bool) -> Self {
        let kept = site.join(".nutgraf").join("deploy");
        let name = Digest::of(format!("{url} {branch}").as_bytes()).to_string();
        Self {
            url: url.to_owned(),
            name: branch.to_owned(),
            single,
            copy: kept.join(format!("{name}.git")),
            lock: kept.join(format!("{name}.lock")),
        }
    }

    fn git(&self) -> Program {
        // What a user has set for their own work decides nothing here.
        Program::new("git").variable("GIT_DIR", &self.copy).with([
            "-c",
            "gc.auto=0",
            "-c",
            "core.hooksPath=/dev/null",
        ])
    }

    fn site_ref(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    fn records_ref(&self) -> String {
        format!("refs/nutgraf/{}", self.name)
    }

    /// What the repository has.
    fn tips(&self) -> Result<Tips, Failure> {
        let refs = [self.site_ref(), self.records_ref()];
        let out = self.git().with(["ls-remote", "--refs", "--", &self.url, &refs[0], &refs[1]]).run()?;
        let mut tips = Tips::default();
        for (commit, name) in String::from_utf8_lossy(&out).lines().filter_map(|line| line.split_once('\t')) {
            if name == refs[0] {
                commit.clone_into(&mut tips.site);
            } else if name == refs[1] {
                commit.clone_into(&mut tips.records);
            }
        }
        Ok(tips)
    }

    /// Fetches what the repository has into the copy.
    fn fetch(&self, tips: &Tips) -> Result<(), Failure> {
        let mut wanted = Vec::new();
        for (commit, from, to) in
            [(&tips.site, self.site_ref(), SITE), (&tips.records, self.records_ref(), RECORDS)]
        {
            let own = self.git().with(["rev-parse", "--quiet", "--verify", to]).try_run()?;
            if !commit.is_empty() && line(&own.out) != *commit {
                wanted.push(format!("+{from}:{to}"));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let fetch = ["fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--", &self.url];
        self.git().with(fetch).with(wanted).run().map(drop)
    }

    fn make_copy(&self) -> Result<(), Failure> {
        if self.copy.join("HEAD").is_file() {
            return Ok(());
        }
        fs::create_dir_all(&self.copy)?;
        self.git().with(["init", "--quiet", "--bare"]).run().map(drop)
    }

    /// A file of a commit.
    fn blob(&self, of: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let ran = self.git().with(["cat-file", "blob", &format!("{of}:{path}")]).try_run()?;
        Ok((ran.code == Some(0)).then_some(ran.out))
    }

    /// Makes the commit of the site.
    fn commit_site(&self, shipment: &Shipment<'_>, tips: &Tips) -> Result<(), Failure> {
        let Shipment { plan, manifest, bytes, standing, progress } = shipment;
        let back = match bytes {
            Bytes::Back(to) => Some(line(
                &self
                    .git()
                    .with(["rev-parse", &format!("{RECORDS}:{}/site", to.record.id)])
                    .run()
                    .map_err(|_| Failure::not_kept(&to.record.id, "site"))?,
            )),
            Bytes::Built(_) => None,
        };
        // The old tree is the beginning of the new one, when it is what the record says.
        let goes_on = standing.manifest.is_some() && !standing.is_changed && back.is_none();
        let old_tree = if goes_on {
            Some(line(&self.git().with(["rev-parse", &format!("{}^{{tree}}", tips.site)]).run()?))
        } else {
            None
        };
        let import = self.git().with(["fast-import", "--quiet", "--force", "--done"]);
        let ran = import.feed(|to| {
            let message = message(&manifest.record);
            writeln!(to, "commit {SITE}\n{}\ndata {}\n{message}", author(&manifest.record), message.len())?;
            if !self.single && !tips.site.is_empty() {
                writeln!(to, "from {}", tips.site)?;
            }
            match back.as_ref().or(old_tree.as_ref()) {
                Some(tree) => writeln!(to, "M 040000 {tree} \"\"")?,
                None => writeln!(to, "deleteall")?,
            }
            if back.is_none() {
                let mut all: Vec<(&str, bool)> = if goes_on {
                    plan.changes.iter().map(|c| (c.path.as_str(), c.action == Action::Delete)).collect()
                } else {
                    manifest.files.keys().map(|path| (path.as_str(), false)).collect()
                };
                // A file may become a folder: what goes makes room first.
                all.sort_by_key(|(_, goes)| !goes);
                for (i, (path, goes)) in all.iter().enumerate() {
                    if *goes {
                        writeln!(to, "D {}", quoted(path))?;
                    } else if let Bytes::Built(built) = bytes {
                        inline(to, path, &built.load(path)?)?;
                    }
                    progress(i + 1, all.len());
                }
            }
            writeln!(to, "done")?;
            Ok(())
        })?;
        ran.or_fail().map(drop)
    }

    /// Makes the commit of the records: of each deploy that can be gone back to, the record and the site.
    fn commit_records(&self, manifest: &Manifest) -> Result<(), Failure> {
        let tree = |of: &str| -> Result<Option<String>, Failure> {
            let ran = self.git().with(["rev-parse", "--quiet", "--verify", of]).try_run()?;
            Ok((ran.code == Some(0)).then(|| line(&ran.out)))
        };
        let mut parts = Vec::new();
        for record in &manifest.history {
            let own = tree(&format!("{RECORDS}:{}", record.id))?;
            parts.extend(own.map(|own| (record.id.clone(), own)));
        }
        let site = tree(&format!("{SITE}^{{tree}}"))?;
        let site = site.ok_or_else(|| Failure::other("git lost the commit of the site"))?;
        let commit = line(&self.git().with(["rev-parse", SITE]).run()?);
        let record = &manifest.record;
        let import = self.git().with(["fast-import", "--quiet", "--force", "--done"]);
        let ran = import.feed(|to| {
            let message = format!("Record of {}\n\nsite {commit}\ndeploy {}\n", record.id, record.id);
            writeln!(
                to,
                "commit {RECORDS}\n{}\ndata {}\n{message}\ndeleteall",
                author(record),
                message.len()
            )?;
            for (id, tree) in parts {
                writeln!(to, "M 040000 {tree} {id}")?;
            }
            writeln!(to, "M 040000 {site} {}/site", record.id)?;
            inline(to, &format!("{}/{RECORD}", record.id), &manifest.pack())?;
            writeln!(to, "done")
        })?;
        ran.or_fail().map(drop)
    }
}

/// The name of a record.
const RECORD: &str = "record.gz";

fn message(record: &Record) -> String {
    let revision = record.revision.as_ref().map(|revision| format!("\n\nsources {revision}"));
    match &record.back_to {
        Some(id) => format!("Go back to {id}\n\ndeploy {}", record.id),
        None => format!("Deploy {}{}", record.id, revision.unwrap_or_default()),
    }
}

fn author(record: &Record) -> String {
    format!("committer Nutgraf <nutgraf@localhost> {} +0000", record.when.as_second())
}

/// A file in the language of `git fast-import`.
fn inline(to: &mut dyn Write, path: &str, bytes: &[u8]) -> io::Result<()> {
    writeln!(to, "M 100644 inline {}\ndata {}", quoted(path), bytes.len())?;
    to.write_all(bytes)?;
    writeln!(to)
}

/// A path in that language.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Target for Branch {
    fn look(&self) -> Result<Standing, Failure> {
        self.make_copy()?;
        let tips = self.tips()?;
        self.fetch(&tips)?;
        let mut standing = Standing { stamp: Some(tips.stamp()), ..Standing::default() };
        if !tips.records.is_empty() {
            let said = self.git().with(["log", "-1", "--format=%B", &tips.records]).run()?;
            let said = String::from_utf8_lossy(&said).into_owned();
            let word = |name: &str| {
                said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
            };
            let (commit, id) = (word("site "), word("deploy "));
            standing.manifest = Some(self.manifest(&id)?);
            if commit == tips.site {
                return Ok(standing);
            }
            standing.is_changed = true;
            standing.notes.push(format!(
                "the branch `{}` was changed by something else than a deploy; what it has now is replaced",
                self.name
            ));
        }
        if !tips.site.is_empty() {
            let all = self.git().with(["ls-tree", "-r", "-z", "--name-only", &tips.site]).run()?;
            let all = String::from_utf8_lossy(&all).into_owned();
            let ours = standing.manifest.as_ref().map(|manifest| &manifest.files);
            let is_other =
                |path: &&str| !path.is_empty() && ours.is_none_or(|files| !files.contains_key(*path));
            standing.others = all.split('\0').filter(is_other).map(str::to_owned).collect();
        }
        Ok(standing)
    }

    fn manifest(&self, id: &str) -> Result<Manifest, Failure> {
        let bytes =
            self.blob(RECORDS, &format!("{id}/{RECORD}"))?.ok_or_else(|| Failure::no_such_deploy(id))?;
        Manifest::unpack(&bytes).map_err(|why| Failure::bad_record(id, &why))
    }

    fn kept_at(&self, _: &Record, _: &str, _: &Served) -> Option<String> {
        None
    }

    fn ship(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure> {
        let lock = File::create(&self.lock)?;
        if lock.try_lock().is_err() {
            return Err(Failure::busy_here());
        }
        let tips = self.tips()?;
        if shipment.standing.stamp != Some(tips.stamp()) {
            return Err(Failure::overtaken(None));
        }
        self.commit_site(shipment, &tips)?;
        self.commit_records(shipment.manifest)?;
        let (site, records) = (self.site_ref(), self.records_ref());
        // Both or none, and only when both are as they were looked at.
        self.git()
            .with(["push", "--quiet", "--atomic", "--no-verify"])
            .with([
                format!("--force-with-lease={site}:{}", tips.site),
                format!("--force-with-lease={records}:{}", tips.records),
            ])
            .with(["--", &self.url, &format!("+{SITE}:{site}"), &format!("+{RECORDS}:{records}")])
            .run()?;
        Ok(Vec::new())
    }
}
