//! The functions and filters of templates, by name. Tera checks at loading that what a template calls
//! exists, so they are declared here; an edition, which knows the site, gives them their meaning.

use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

/// Functions templates can call.
pub const FUNCTIONS: &[&str] =
    &["t", "date", "url_for", "asset", "image", "picture", "styles", "fit", "explainer", "briefings"];

/// Filters of ours.
pub const FILTERS: &[&str] = &["date", "markdown", "urlencode"];

/// Declares every function and filter.
pub fn declare(engine: &mut Tera) {
    for name in FUNCTIONS {
        engine.register_function(*name, |_: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            Err(Error::message("this function needs a site"))
        });
    }
    for name in FILTERS {
        engine.register_filter(*name, |_: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            Err(Error::message("this filter needs a site"))
        });
    }
}
