//! What the operator's account may do, as the API server says it of itself. Nothing is changed by asking.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::Api;
use kube::api::PostParams;

use super::client::Cluster;
use super::refusal::Refusal;

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    /// Empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Empty for all namespaces, and for what is in none.
    pub(crate) namespace: &'a str,
    /// Empty for all objects.
    pub(crate) name: &'a str,
}

impl Cluster {
    /// Whether the operator's account has a permission.
    pub(crate) async fn may(&self, access: Access<'_>) -> Result<bool, Refusal> {
        let text = |text: &str| Some(text.to_owned());
        let attributes = ResourceAttributes {
            verb: text(access.verb),
            group: text(access.group),
            resource: text(access.resource),
            subresource: text(access.subresource),
            namespace: text(access.namespace),
            name: text(access.name),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client());
        let answer = self.call(reviews.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|SubjectAccessReviewStatus { allowed, .. }| allowed))
    }

    /// Whether the API server answers.
    ///
    /// *Errors*: why not, for the person who starts the operator.
    pub(crate) async fn reach(&self) -> anyhow::Result<()> {
        match tokio::time::timeout(self.deadline(), self.client().apiserver_version()).await {
            Ok(Ok(_)) => Ok(()),
            // It answers, and keeps its version to itself.
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => Ok(()),
            // What stands in for it, such as a proxy, has no words that help.
            Ok(Err(kube::Error::Api(status))) if status.code != 401 => {
                anyhow::bail!("it answers with HTTP status {}", status.code)
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => anyhow::bail!("no answer in time"),
        }
    }
}
