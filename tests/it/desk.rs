//! A desk that goes from edit to edit knows what one that reads everything anew knows.

use std::collections::{BTreeMap, BTreeSet};

use nutgraf::cache::Cache;
use nutgraf::diagnostic::{self, Diagnostic, has_errors};
use nutgraf::edition::{Desk, Edition, Now, Options, Progress, check};
use nutgraf::render::render;
use nutgraf::site::Shows;
use nutgraf::tree::Tree;
use rayon::prelude::*;

use crate::edits::{Edits, demo};
use crate::site::NOW;

fn options() -> Options {
    Options {
        now: Now::Typed(NOW.into()),
        shows: Shows::Published,
        base_url: None,
        cache: Cache::default(),
        progress: Progress::default(),
    }
}

/// Everything an edition has, by path, and what is said while it is made.
fn outputs(edition: &Edition) -> (BTreeMap<String, String>, Vec<Diagnostic>) {
    let site = &edition.world.site;
    let made: Vec<_> = edition
        .world
        .routes
        .all
        .par_iter()
        .map(|route| {
            let (output, said) = render(edition, route);
            let body = output.map_or_else(String::new, |output| format!("{:?}", output.body));
            (route.output(site).to_string(), body, said)
        })
        .collect();
    let mut outputs = BTreeMap::new();
    let mut said = Vec::new();
    for (path, body, more) in made {
        outputs.insert(path, body);
        said.extend(more);
    }
    let assets = edition.world.assets.values();
    outputs.extend(assets.map(|asset| (asset.url.to_string(), format!("{:?}", asset.bytes))));
    (outputs, said)
}

fn everything_said(desk: &Desk, more: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let between = check::all(&desk.edition().world);
    diagnostic::sort(desk.said().into_iter().chain(between).chain(more).collect())
}

fn follow(seed: u64) {
    let site = demo();
    let (mut tree, _) = Tree::open(site.path());
    let mut desk = Desk::open(&tree, options()).unwrap_or_else(|_| panic!("the demo has settings"));
    let mut edits = Edits::new(seed);
    let mut compared = 0;
    let mut story = Vec::new();
    for _ in 0..40 {
        let (places, what) = edits.make(&site);
        story.push(what);
        let (touched, _) = tree.look_again(&places.into_iter().collect::<BTreeSet<_>>());
        desk.update(&tree, &touched);
        let (fresh_tree, _) = Tree::open(site.path());
        assert!(tree.paths().eq(fresh_tree.paths()), "seed {seed}: {story:#?}");
        let fresh = Desk::open(&fresh_tree, options()).unwrap_or_else(|_| panic!("the demo has settings"));
        let (expected, said) = outputs(&fresh.edition());
        let expected_said = everything_said(&fresh, said);
        let errors = |said: Vec<Diagnostic>| {
            let errors = said.into_iter().filter(|d| has_errors(std::slice::from_ref(d)));
            diagnostic::sort(errors.collect())
        };
        let alone = errors(fresh.said());
        if !alone.is_empty() {
            story.push(format!("  wrong: {:?}", alone.iter().map(|d| &d.message).collect::<Vec<_>>()));
            // Then the last good texts are shown. The same mistakes are named, and where they are.
            assert_eq!(errors(desk.said()), alone, "seed {seed}: {story:#?}");
            continue;
        }
        compared += 1;
        let (outputs, said) = outputs(&desk.edition());
        assert_eq!(
            outputs.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>(),
            "seed {seed}: {story:#?}"
        );
        for (path, body) in &outputs {
            assert_eq!(body, &expected[path], "{path}, seed {seed}: {story:#?}");
        }
        assert_eq!(everything_said(&desk, said), expected_said, "seed {seed}: {story:#?}");
    }
    assert!(compared > 10, "seed {seed}: the site was wrong nearly all the time: {story:#?}");
}

#[test]
fn a_desk_after_edits_is_a_desk_that_reads_anew() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    for seed in 1..=seeds {
        follow(seed);
    }
}
