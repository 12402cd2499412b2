//! What users try who have a role and want more: one table, for the users that `examples/rbac.yaml` binds and again for the roles that the
//! chart renders. Each of these users can do what its role is for, so that a refusal says something.

#![allow(clippy::print_stdout, reason = "figures of the run")]

mod cast;
mod refused;
mod stage;
mod stopped;

use self::cast::Roles;
use self::stage::Stage;
use crate::support::fixture::Fixture;

/// A fixture whose Platform has both kinds of credentials.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture.platform.auto_run(true).await.unwrap();
    fixture
}

/// No operator runs: the API server alone refuses all of it.
async fn are_refused(name: &str, roles: Roles) {
    let fixture = fixture(name).await;
    let stage = Stage::new(&fixture, roles).await;
    stage.set().await;
    let before = stage.versions().await;
    let (mut tried, mut problems) = (0, vec![]);
    let attacks = refused::attacks(&stage);
    for attack in &attacks {
        for who in &attack.by {
            tried += 1;
            if let Err(why) = is_refused(&stage, attack, *who).await {
                problems.push(format!("{}, {who:?}: {:?}: {why}", attack.row, attack.deed));
            }
        }
    }
    assert_eq!(Vec::<String>::new(), problems);
    assert_eq!(before, stage.versions().await, "nothing came of it");
    println!("attacks: {} refused with {roles:?}, n={tried}", attacks.len());
}

async fn is_refused(stage: &Stage<'_>, attack: &refused::Attack, who: cast::Who) -> Result<(), String> {
    match stage.attempt(who, &attack.deed).await {
        Err(kube::Error::Api(status)) if status.code == attack.code => {
            let missing: Vec<_> = attack.says.iter().filter(|word| !status.message.contains(*word)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("no {missing:?} in: {}", status.message)) }
        }
        Err(error) => Err(error.to_string()),
        Ok(()) => Err("accepted".to_owned()),
    }
}

async fn come_to_nothing(name: &str, roles: Roles) {
    let fixture = fixture(name).await;
    let stage = Stage::new(&fixture, roles).await;
    let _operator = fixture.connect().await;
    for attack in stopped::Attack::ALL {
        attack.fails(&stage).await;
    }
    println!("attacks: accepted with {roles:?} and stopped, n={}", stopped::Attack::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_are_refused_with_the_roles_of_the_example() {
    are_refused("attack", Roles::Example).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_are_refused_with_the_roles_of_the_chart() {
    are_refused("attack-chart", Roles::Chart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_attacks_come_to_nothing_with_the_roles_of_the_example() {
    come_to_nothing("attacked", Roles::Example).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_attacks_come_to_nothing_with_the_roles_of_the_chart() {
    come_to_nothing("attacked-chart", Roles::Chart).await;
}
