//! What a host would do with the site's own `_redirects` and `_headers`, so that the preview does it too.
//! The formats are those of Netlify and Cloudflare Pages.

/// A line of `_redirects`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    from: String,
    to: String,
    status: u16,
    /// Whether it wins over a page that is there.
    forced: bool,
}

/// Where a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The address.
    pub to: String,
    /// 301, 302, 303, 307 or 308; 200, 404 or 410 when the page of the other address is to be shown here.
    pub status: u16,
}

/// The first rule that sends a path elsewhere; of those that win over pages only, when a page is there.
pub fn redirect(rules: &str, path: &str, is_there: bool) -> Option<Redirect> {
    rules.lines().filter_map(rule).filter(|rule| rule.forced || !is_there).find_map(|rule| {
        Some(Redirect { to: fill(&rule.to, &matches(&rule.from, path)?), status: rule.status })
    })
}

/// The headers that a path gets, in their order.
pub fn headers(rules: &str, path: &str) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut applies = false;
    for line in rules.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
        if !line.starts_with([' ', '\t']) {
            applies = matches(line.trim(), path).is_some();
        } else if applies && let Some((name, value)) = line.trim().split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        } else if applies && let Some(name) = line.trim().strip_prefix('!') {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.trim()));
        }
    }
    headers
}

fn rule(line: &str) -> Option<Rule> {
    let line = line.split_once(" #").map_or(line, |(line, _)| line);
    let mut parts = line.split_whitespace();
    let from = parts.next().filter(|from| from.starts_with('/'))?;
    let to = parts.next()?;
    let code = parts.next().unwrap_or("301");
    let status = code
        .trim_end_matches('!')
        .parse()
        .ok()
        .filter(|s| matches!(s, 200 | 301..=303 | 307 | 308 | 404 | 410))?;
    Some(Rule { from: from.into(), to: to.into(), status, forced: code.ends_with('!') })
}

/// What `*` and `:name` of a pattern stand for in a path, or `None` when the path does not match. A final
/// slash makes no difference.
fn matches<'a>(pattern: &'a str, path: &str) -> Option<Vec<(&'a str, String)>> {
    let mut found = Vec::new();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let patterns: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    for (i, pattern) in patterns.iter().enumerate() {
        if *pattern == "*" {
            let slash = if path.len() > 1 && path.ends_with('/') { "/" } else { "" };
            found.push(("splat", parts.get(i..)?.join("/") + slash));
            return Some(found);
        }
        let part = parts.get(i)?;
        match pattern.strip_prefix(':') {
            Some(name) if !part.is_empty() => found.push((name, (*part).to_owned())),
            Some(_) | None if pattern == part => {}
            Some(_) | None => return None,
        }
    }
    (parts.len() == patterns.len()).then_some(found)
}

fn fill(to: &str, found: &[(&str, String)]) -> String {
    found.iter().fold(to.to_owned(), |to, (name, value)| to.replace(&format!(":{name}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(rules: &str, path: &str, is_there: bool) -> Option<String> {
        redirect(rules, path, is_there).map(|r| format!("{} {}", r.status, r.to))
    }

    #[test]
    fn rules_send_a_path_elsewhere() {
        let rules = "# old addresses\n/old /new/ 302\n/news/* /briefings/:splat\n/by/:who/:what /authors/:who/?q=:what 301!\nbad line";
        assert_eq!(to(rules, "/old/", false).as_deref(), Some("302 /new/"));
        assert_eq!(to(rules, "/old", true), None);
        assert_eq!(to(rules, "/news/2023/vote/", false).as_deref(), Some("301 /briefings/2023/vote/"));
        assert_eq!(to(rules, "/by/aruna/dam", true).as_deref(), Some("301 /authors/aruna/?q=dam"));
        assert_eq!(to(rules, "/nothing/", false), None);
    }

    #[test]
    fn headers_are_those_of_every_rule_that_matches() {
        let rules = "/*\n  X-Frame-Options: DENY\n  X-A: 1\n/map/\n  ! X-A\n  Cache-Control: no-store # not a comment\n";
        assert_eq!(
            headers(rules, "/map/"),
            [
                ("X-Frame-Options".into(), "DENY".into()),
                ("Cache-Control".into(), "no-store # not a comment".into())
            ]
        );
        assert_eq!(headers(rules, "/").len(), 2);
    }
}
