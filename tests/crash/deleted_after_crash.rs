//! Users do not wait for a restart: a Tenant that is deleted while the operator is down after a crash must be cleaned up as
//! well.

use crate::support::recorder::Moment;

use super::crashed;
use super::fixture::CrashFixture;
use super::scenario::Scenario;

/// Only a finalizer that is added before the platform is written ensures this.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_of_a_crashed_create_is_released() {
    let fixture = CrashFixture::new("crash-meanwhile").await;
    for number in 1..=3 {
        for moment in Moment::ALL {
            let tenant = fixture.tenant();
            crashed(&fixture, Scenario::Create, &tenant, number, moment).await;
            tenant.delete().await;
            let operator = fixture.start();
            tenant.gone().await;
            operator.check().expect("the operator lives on");
            let (status, document) = fixture.base.platform.tenant(&tenant.id).await.unwrap();
            let created = number > 2 || number == 2 && moment != Moment::BeforeSend;
            let stamp = format!("test/{}/{}", fixture.base.env.namespace, tenant.name);
            let left = (status, document["owner"].as_str(), document["lastOwner"].as_str());
            let expected = if created { (200, None, Some(stamp.as_str())) } else { (404, None, None) };
            assert_eq!(expected, left, "killed {moment:?} effect {number}");
        }
    }
}
