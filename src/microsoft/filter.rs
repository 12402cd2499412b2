//! The filter of the Attendant Console's search: an expression of Graph's `$filter`, which Nimbus does not validate and joins
//! with the search of the user. What can be said without a call is said here.

/// A filter expression; empty is no restriction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(String);

/// What is wrong with a text that cannot be a filter expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterProblem {
    /// It is (a part of) a request URL; only the value of `$filter` belongs here.
    RequestUrl,
    /// A string in single quotes does not end.
    OpenQuote,
    /// The parentheses do not pair, so that the filter would end early where it is joined with another.
    Parentheses,
}

impl Filter {
    /// Reads a filter.
    ///
    /// *Errors*: [`FilterProblem`].
    pub fn parse(text: &str) -> Result<Self, FilterProblem> {
        let text = text.trim();
        let begins = |start: &str| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        if ["$filter", "filter=", "%24filter", "?", "&", "http:", "https:", "/users"].iter().any(|start| begins(start))
        {
            return Err(FilterProblem::RequestUrl);
        }
        let (mut quoted, mut depth) = (false, 0_usize);
        for c in text.chars() {
            match c {
                // A doubled quote within a string closes and opens it again, which ends the same.
                '\'' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth = depth.checked_sub(1).ok_or(FilterProblem::Parentheses)?,
                _ => {}
            }
        }
        if quoted {
            return Err(FilterProblem::OpenQuote);
        }
        if depth > 0 {
            return Err(FilterProblem::Parentheses);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it restricts nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Both filters at once. Each is wrapped in parentheses: else an `or` at the top of one would let its other half escape.
pub fn combined(admin: &Filter, search: &Filter) -> Filter {
    match (admin.is_empty(), search.is_empty()) {
        (true, _) => search.clone(),
        (_, true) => admin.clone(),
        _ => Filter(format!("({}) and ({})", admin.0, search.0)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{address::url, vectors};
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter::parse(text).unwrap()
    }

    #[test]
    fn only_the_value_of_the_parameter_is_a_filter() {
        for text in [
            "$filter=city eq 'Bern'",
            " $Filter = city eq 'Bern'",
            "%24filter=city",
            "?$filter=city eq 'Bern'",
            "https://graph.microsoft.com/v1.0/users?$filter=city eq 'Bern'",
            "HTTP://graph.microsoft.com",
        ] {
            assert_eq!(Filter::parse(text), Err(FilterProblem::RequestUrl), "{text}");
        }
        assert_eq!(Filter::parse("httpProxy eq 'x'"), Ok(Filter("httpProxy eq 'x'".into())), "a property may begin so");
    }

    #[test]
    fn what_does_not_pair_is_found() {
        for (text, finding) in [
            ("city eq 'Bern", FilterProblem::OpenQuote),
            ("city eq 'O''Neil", FilterProblem::OpenQuote),
            ("city eq 'Bern') or (city eq 'Basel'", FilterProblem::Parentheses),
            ("(city eq 'Bern'", FilterProblem::Parentheses),
            ("city eq 'Bern')", FilterProblem::Parentheses),
        ] {
            assert_eq!(Filter::parse(text), Err(finding), "{text}");
        }
        for text in ["", "city eq ':-)'", "city eq 'O''(Neil'", "not(startsWith(city,'B')) and (country eq 'CH')"] {
            assert!(Filter::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn joined_filters_are_wrapped_and_an_empty_one_restricts_nothing() {
        let (admin, search) = (filter("city eq 'Bern' or true"), filter("startsWith(surname,'M')"));
        assert_eq!(combined(&admin, &search).as_str(), "(city eq 'Bern' or true) and (startsWith(surname,'M'))");
        assert_eq!(combined(&filter(" "), &search), search);
        assert_eq!(combined(&admin, &filter("")), admin);
    }

    #[test]
    fn a_filter_is_encoded_as_the_sdk_of_graph_encodes_it() {
        let graph = "https://graph.microsoft.com/v1.0".parse().unwrap();
        for (expression, query) in vectors::FILTERS {
            let query_of_ours = [("%24count", "true"), ("%24filter", expression), ("%24top", "1")];
            assert_eq!(url(&graph, "users", &query_of_ours).query(), Some(*query), "{expression}");
        }
    }

    /// Terms, groups, and strings that hold parentheses.
    const EXPRESSION: &str = "[a-z]{1,3}( [a-z]{1,3}|'[a-z()]{0,4}'|''|\\([a-z ]{0,5}(\\('[)]?'\\))?\\)){0,6}";

    proptest! {
        #[test]
        fn a_join_never_lets_a_half_escape(admin in EXPRESSION, search in EXPRESSION) {
            let joined = combined(&filter(&admin), &filter(&search));
            prop_assert_eq!(Filter::parse(joined.as_str()), Ok(joined.clone()));
            prop_assert_eq!(outermost(joined.as_str()), 2, "{}", joined.as_str());
        }

        #[test]
        fn what_would_escape_a_join_is_no_filter(head in EXPRESSION, tail in EXPRESSION) {
            prop_assert_eq!(Filter::parse(&format!("{head}) or ({tail}")), Err(FilterProblem::Parentheses));
        }
    }

    /// How many groups stand at the top of an expression.
    fn outermost(expression: &str) -> usize {
        let (mut quoted, mut depth, mut groups) = (false, 0, 0);
        for c in expression.chars() {
            match c {
                '\'' => quoted = !quoted,
                '(' if !quoted => {
                    groups += usize::from(depth == 0);
                    depth += 1;
                }
                ')' if !quoted => depth -= 1,
                _ => {}
            }
        }
        groups
    }
}
