//! The way to the platform of a Tenant: a client whose endpoint leads where it should.

use std::sync::Arc;

use crate::admin_api::{ApiError, Capabilities, Client, NotCalled};
use crate::controller::platforms::Platforms;
use crate::plan::{Environment, Intent, environment};
use crate::resources::{Platform, Tenant};

/// A way to the platform, and where it leads.
pub(super) struct Connection {
    pub(super) client: Result<Arc<Client>, ApiError>,
    /// What our credentials may do there, where that is known.
    pub(super) capabilities: Option<Arc<Capabilities>>,
    /// The environment that is meant.
    pub(super) environment: Environment,
    /// How the one that answers names itself.
    pub(super) answers: Option<String>,
}

impl Connection {
    /// One of which nothing is known by an answer.
    fn none(client: Result<Arc<Client>, ApiError>, environment: Environment) -> Self {
        Self { client, capabilities: None, environment, answers: None }
    }

    pub(super) fn client(&self) -> Result<&Client, ApiError> {
        self.client.as_deref().map_err(Clone::clone)
    }
}

/// Connects. The platform is asked who it is only where it is called at all, and where that is not known.
pub(super) async fn connect(
    platforms: &Platforms,
    platform: Option<&Platform>,
    tenant: &Tenant,
    intent: &Intent,
) -> Connection {
    let no_client = |what| ApiError::NotCalled(NotCalled::NoClient(what));
    let Some(platform) = platform else {
        let missing = no_client("the Platform does not exist".to_owned());
        return Connection::none(Err(missing), Environment::default());
    };
    let recorded = tenant.status.as_ref().and_then(|status| status.platform_id.as_deref());
    let environment = Environment::of(platform, recorded);
    let client = match platforms.client(platform).await {
        Ok(client) => client,
        Err(problem) => return Connection::none(Err(no_client(problem.what)), environment),
    };
    if !intent.calls_platform() {
        return Connection::none(Ok(client), environment);
    }
    match client.capabilities().await {
        Err(error) => Connection::none(Err(error), environment),
        Ok(capabilities) => {
            let answers = environment::named_by(&capabilities);
            let client = environment.check(answers.as_deref()).map(|()| client);
            let client = client.map_err(|other| ApiError::NotCalled(NotCalled::OtherPlatform(other)));
            Connection { client, capabilities: Some(capabilities), environment, answers }
        }
    }
}
