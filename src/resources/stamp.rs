//! Who manages a tenant.

use std::fmt;

/// The stamp by which a tenant on the platform belongs to one Tenant of one cluster: `<clusterId>/<namespace>/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Which cluster; two clusters never share an id.
    pub cluster: String,
    /// The namespace of the Tenant.
    pub namespace: String,
    /// The name of the Tenant.
    pub name: String,
}

impl Stamp {
    /// The stamp of a Tenant.
    pub fn new(cluster: &str, namespace: &str, name: &str) -> Self {
        Self { cluster: cluster.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Reads a stamp; `None` for one that this operator could not have made.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(cluster), Some(namespace), Some(name), None)
                if [cluster, namespace, name].iter().all(|part| !part.is_empty()) =>
            {
                Some(Self::new(cluster, namespace, name))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, namespace, name } = self;
        write!(f, "{cluster}/{namespace}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_is_written() {
        let stamp = Stamp::new("east", "contoso", "main");
        assert_eq!(Stamp::parse(&stamp.to_string()), Some(stamp));
        for other in ["", "east", "east/contoso", "east/contoso/", "/contoso/main", "east/contoso/main/more"] {
            assert_eq!(Stamp::parse(other), None, "{other}");
        }
    }
}
