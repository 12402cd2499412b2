//! What the operator says of itself: probes, metrics, and the log filter that changes while it runs.

mod exported;
mod served;

use crate::support::openmetrics::Scrape;

/// The reader must refuse what is wrong, or a scrape that it reads would prove nothing.
#[test]
fn strict_reader_refuses_what_scrapers_refuse() {
    let gauge = "# HELP a A.\n# TYPE a gauge\n";
    let histogram = "# HELP a A.\n# TYPE a histogram\n";
    let good = [
        format!("{gauge}a 1.0\n# EOF\n"),
        format!("{gauge}a{{b=\"x\\\"y\\n\\\\\",c=\"\"}} -1e3\n# EOF\n"),
        format!("{histogram}a_sum 3.5\na_count 2\na_bucket{{le=\"1.0\"}} 1\na_bucket{{le=\"+Inf\"}} 2\n# EOF\n"),
    ];
    for text in &good {
        assert!(Scrape::read(text).is_ok(), "{text}: {:?}", Scrape::read(text));
    }
    for text in [
        format!("{gauge}a 1.0\n"),
        format!("{gauge}a 1.0\n# EOF\n# EOF\n"),
        "a 1.0\n# EOF\n".to_owned(),
        format!("{gauge}# EOF\n"),
        format!("{gauge}\na 1.0\n# EOF\n"),
        format!("{gauge}b 1.0\n# EOF\n"),
        format!("{gauge}a 1.0\na 2.0\n# EOF\n"),
        format!("{gauge}a NaN\n# EOF\n"),
        format!("{gauge}a{{b=\"x\" 1\n# EOF\n"),
        format!("{gauge}a{{b=\"x\",b=\"y\"}} 1\n# EOF\n"),
        format!("{gauge}a{{b=\"\\x\"}} 1\n# EOF\n"),
        format!("{gauge}a 1.0\n{gauge}a{{b=\"x\"}} 1.0\n# EOF\n"),
        "# HELP a A.\n# TYPE a counter\na 1\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a counter\na_total -1\n# EOF\n".to_owned(),
        format!("{histogram}a_sum 3.5\na_count 3\na_bucket{{le=\"1.0\"}} 1\na_bucket{{le=\"+Inf\"}} 2\n# EOF\n"),
        format!("{histogram}a_sum 3.5\na_count 1\na_bucket{{le=\"1.0\"}} 2\na_bucket{{le=\"+Inf\"}} 1\n# EOF\n"),
        format!("{histogram}a_sum 3.5\na_count 1\na_bucket{{le=\"1.0\"}} 1\n# EOF\n"),
    ] {
        assert!(Scrape::read(&text).is_err(), "{text}");
    }
}
