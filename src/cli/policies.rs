//! `nimbus-operator policies`: the admission policies of this version.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::manifests::policies::{self, Accounts};

/// Print the admission policies that enforce who may change which field, ready for 'kubectl apply'.
#[derive(Debug, Args)]
pub struct Policies {
    /// User name of an operator; repeat for more than one. Only these users may write status, and they may not change a spec.
    #[arg(long = "operator-account", value_name = "USER", default_value = policies::DEFAULT_ACCOUNT, value_parser = NonEmptyStringValueParser::new())]
    pub operator_accounts: Vec<String>,

    /// Namespace with the credentials Secrets of Platforms; repeat for more than one. Default: the namespaces of the operators'
    /// service accounts.
    #[arg(long = "operator-namespace", value_name = "NS", value_parser = NonEmptyStringValueParser::new())]
    pub operator_namespaces: Vec<String>,

    /// Require the verb edit-technical on tenants to change technical settings. Otherwise every editor of a Tenant may change them.
    #[arg(long)]
    pub technical_fields: bool,
}

impl Policies {
    /// Prints the policies and their bindings.
    ///
    /// *Errors*: standard output cannot be written.
    pub fn execute(self) -> anyhow::Result<()> {
        let operator_namespaces = if self.operator_namespaces.is_empty() {
            Accounts::namespaces_of(&self.operator_accounts)
        } else {
            self.operator_namespaces
        };
        let accounts = Accounts {
            operators: self.operator_accounts,
            operator_namespaces,
            technical_fields: self.technical_fields,
        };
        super::print(&policies::to_yaml(&accounts)?)
    }
}
