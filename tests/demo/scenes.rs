//! The scenes: what to type, and the expected result.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::ResourceExt;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::environment::{Environment, NAMESPACE, TENANT, TENANT_ID};
use crate::say;
use crate::support::confirmation::deletion as deletion_of;
use crate::support::fixture::describe;
use crate::support::users;
use crate::support::wait::try_until;

/// A requested pass runs at once.
const SOON: Duration = Duration::from_secs(30);
/// A deletion is polled every 30 s.
const DELETION: Duration = Duration::from_secs(120);

/// The Secret for the widget key, which `examples/rbac.yaml` allows authors to have created.
const WIDGET_SECRET: &str = "contoso-widget-key";

const COMPANY: &str = "Contoso AG";

/// The shell expands it to a new token each time; a used token has no effect.
const NEW_TOKEN: &str = "$(date +%s)";

/// One scene to try.
#[derive(Clone, Copy)]
pub enum Scene {
    Drift,
    SwitchOn,
    RunScript,
    Rotate,
    Suspend,
    Overuse,
    NameUnit,
    LoseUnit,
    BadValue,
    Delete,
}

/// In an order that satisfies the preconditions of each.
pub const ALL: [Scene; 10] = [
    Scene::Drift,
    Scene::SwitchOn,
    Scene::RunScript,
    Scene::Rotate,
    Scene::Suspend,
    Scene::Overuse,
    Scene::NameUnit,
    Scene::LoseUnit,
    Scene::BadValue,
    Scene::Delete,
];

/// The organization unit that is created and deleted.
const UNIT: &str = "7a2c4e60-1b3d-4f5a-9c7e-2d4f6a8b0c1e";

/// A step that the user types.
pub enum Step {
    Kubectl { arguments: Vec<String>, outcome: Outcome },
    Ask { method: Method, path: String, body: Option<Value> },
}

/// What the API server answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
}

/// Runs all scenes and checks the results.
pub async fn perform_all(environment: &Environment) -> Result<()> {
    for (index, scene) in ALL.iter().enumerate() {
        say(&format!("{}/{} {}", index + 1, ALL.len(), scene.title()));
        for step in scene.steps() {
            do_step(&step, environment).await?;
        }
        scene.check(environment).await?;
        if let Some(kind) = scene.says() {
            println!("          => {}", environment.condition(kind).await?);
        }
        for step in scene.afterwards() {
            do_step(&step, environment).await?;
        }
    }
    say(&format!("all {} steps had the expected result", ALL.len()));
    Ok(())
}

async fn do_step(step: &Step, environment: &Environment) -> Result<()> {
    println!("          $ {}", step.as_shell(environment));
    for line in step.perform(environment).await?.lines() {
        println!("          {line}");
    }
    Ok(())
}

/// How often the platform made another widget key.
async fn rotations(environment: &Environment) -> Result<usize> {
    let (_, log) = environment.ask_sandbox(Method::GET, "/sandbox/log", None).await?;
    let entries = log["items"].as_array().context("the log is no list")?;
    Ok(entries.iter().filter(|entry| entry["effect"] == "widget-key-rotated").count())
}

impl Scene {
    /// Returns what is done and the result.
    pub fn title(self) -> &'static str {
        match self {
            Self::Drift => "Edit the company name in the UI: the operator corrects it",
            Self::SwitchOn => "Enable Interact: ScriptExecutionPending becomes True",
            Self::RunScript => "Run the provisioning script: nothing is pending any more",
            Self::Rotate => "Rotate the widget key: it rotates once, and the Secret has the new key",
            Self::Suspend => {
                "Suspend the tenant as the vendor: logins are refused, and TenantActive says where to get help"
            }
            Self::Overuse => {
                "Give a user a license beyond the contingent: LicenseOveruse becomes True, Ready stays True"
            }
            Self::NameUnit => "Set a default organization unit: it is live",
            Self::LoseUnit => {
                "Delete that unit: the platform moves the default, and the operator does not overwrite it"
            }
            Self::BadValue => "Set too many email tasks: rejected with the allowed range",
            Self::Delete => "Delete the tenant permanently: confirmed, and gone after the script has run",
        }
    }

    /// Returns what to type.
    pub fn steps(self) -> Vec<Step> {
        match self {
            Self::Drift => {
                vec![in_the_ui(&json!({"general": {"companyName": "Changed in the UI"}})), reconcile_now()]
            }
            Self::SwitchOn => vec![edit(&json!({"extensions": {"interact": {"enabled": true}}}))],
            Self::RunScript => vec![run_script(), reconcile_now()],
            Self::Rotate => {
                let widget_key = json!({"secretRef": {"name": WIDGET_SECRET}, "rotation": "2026-11-25"});
                // Further passes do not rotate again.
                vec![edit(&json!({"extensions": {"interact": {"widgetKey": widget_key}}})), reconcile_now()]
            }
            Self::Suspend => {
                let log_in = format!("/sandbox/tenants/{TENANT_ID}/log-ins");
                vec![
                    state("Suspended"),
                    Step::ask(Method::POST, &log_in, Some(json!({"user": "adele"}))),
                    reconcile_now(),
                ]
            }
            Self::Overuse => {
                let bought = json!({"licenses": {"contingents": {"users": {"assistant": 0}}}});
                let user = format!("/sandbox/tenants/{TENANT_ID}/users/adele");
                let license = json!({"licenses": ["users/assistant"]});
                vec![in_the_ui(&bought), Step::ask(Method::PUT, &user, Some(license)), reconcile_now()]
            }
            Self::NameUnit => {
                let units = format!("/sandbox/tenants/{TENANT_ID}/organization-units");
                let unit = json!({"id": UNIT, "name": "Care"});
                let spec = json!({"provisioning": {"defaultOrganizationUnitId": UNIT}});
                vec![Step::ask(Method::POST, &units, Some(unit)), edit(&spec)]
            }
            Self::LoseUnit => {
                let unit = format!("/sandbox/tenants/{TENANT_ID}/organization-units/{UNIT}");
                vec![Step::ask(Method::DELETE, &unit, None), reconcile_now()]
            }
            Self::BadValue => {
                let spec = json!({"modalities": {"email": {"maxConcurrentTasksPerService": 500}}});
                vec![edit(&spec).refused()]
            }
            Self::Delete => deletion(),
        }
    }

    /// Returns the steps that restore the initial state for the next scene.
    pub fn afterwards(self) -> Vec<Step> {
        match self {
            Self::Suspend => vec![state("Active")],
            Self::LoseUnit => vec![edit(&json!({"provisioning": null}))],
            _ => vec![],
        }
    }

    /// Returns the condition that shows the result.
    fn says(self) -> Option<&'static str> {
        match self {
            Self::SwitchOn => Some("ScriptExecutionPending"),
            Self::Suspend => Some("TenantActive"),
            Self::Overuse => Some("LicenseOveruse"),
            Self::LoseUnit => Some("Ready"),
            _ => None,
        }
    }

    async fn check(self, environment: &Environment) -> Result<()> {
        match self {
            Self::Drift => drift_is_corrected(environment).await,
            Self::SwitchOn => environment.until_condition("ScriptExecutionPending", "True", SOON).await,
            Self::RunScript => environment.until_condition("ScriptExecutionPending", "False", SOON).await,
            Self::Rotate => rotated_once(environment).await,
            Self::Suspend => {
                environment.until_condition("TenantActive", "False", SOON).await?;
                environment.until_condition("Ready", "True", SOON).await?;
                let log_in = format!("/sandbox/tenants/{TENANT_ID}/log-ins");
                let (_, answer) =
                    environment.ask_sandbox(Method::POST, &log_in, Some(&json!({"user": "adele"}))).await?;
                ensure!(answer["outcome"] == "refused", "the log-in was answered {answer}");
                Ok(())
            }
            Self::Overuse => {
                environment.until_condition("LicenseOveruse", "True", SOON).await?;
                environment.until_condition("Ready", "True", SOON).await
            }
            Self::NameUnit => {
                environment.until_condition("Ready", "True", SOON).await?;
                unit_is(environment, UNIT).await
            }
            Self::LoseUnit => {
                environment.until_reason("Ready", "OrganizationUnitNotFound", SOON).await?;
                unit_is(environment, "root").await
            }
            // Rejected by the API server: nothing changes, and the tenant stays Ready.
            Self::BadValue => environment.until_condition("Ready", "True", SOON).await,
            Self::Delete => tenant_is_gone(environment).await,
        }
    }
}

fn run_script() -> Step {
    Step::ask(Method::POST, &format!("/sandbox/tenants/{TENANT_ID}/script/run"), Some(json!({})))
}

fn deletion() -> Vec<Step> {
    let policy = json!({"spec": {"deletionPolicy": "Delete", "confirmations": deletion_of(TENANT_ID)}}).to_string();
    // The script removes what is pending at that time, so it must not run before the platform has the deletion.
    let accepted = "--for=jsonpath={.status.deletion.scriptPending}=true";
    let admin = |verb, more: &[&str]| kubectl(users::PLATFORM_ADMIN, verb, more);
    vec![
        admin("patch", &["--type=merge", "--patch", &policy]),
        admin("delete", &["--wait=false"]),
        admin("wait", &[accepted, "--timeout=60s"]),
        run_script(),
    ]
}

async fn drift_is_corrected(environment: &Environment) -> Result<()> {
    try_until("the company name to be corrected", SOON, || async {
        let (_, tenant) = environment.platform_tenant().await?;
        let name = &tenant["settings"]["general"]["companyName"];
        ensure!(name == COMPANY, "it is {name}");
        Ok(())
    })
    .await
}

async fn rotated_once(environment: &Environment) -> Result<()> {
    try_until("the widget key to be rotated once and published", SOON, || async {
        let rotations = rotations(environment).await?;
        ensure!(rotations == 1, "it was rotated {rotations} times");
        let template = "-o=go-template={{index .data \"widget-key\" | base64decode}}";
        let key = environment.kubectl(&["get", "secret", "-n", NAMESPACE, WIDGET_SECRET, template]).await?;
        let path = format!("/sandbox/tenants/{TENANT_ID}/interact/sessions");
        let visit = json!({"widgetKey": key.trim(), "conversation": "direct"});
        let (_, answer) = environment.ask_sandbox(Method::POST, &path, Some(&visit)).await?;
        ensure!(answer["outcome"] != "rejected", "a widget with the published key is rejected");
        Ok(())
    })
    .await?;
    try_until("the pass that was asked for", SOON, || async {
        let tenant = environment.tenants().get(TENANT).await?;
        let asked = tenant.annotations().get("nimbus.luware.com/reconcile-requested-at");
        let handled = tenant.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref());
        ensure!(asked.is_some() && asked == handled, "{}", describe(&tenant));
        Ok(())
    })
    .await?;
    ensure!(rotations(environment).await? == 1, "it was rotated again");
    Ok(())
}

async fn tenant_is_gone(environment: &Environment) -> Result<()> {
    try_until("the tenant to be gone", DELETION, || async {
        let found = environment.tenants().get_opt(TENANT).await?;
        ensure!(found.is_none(), "the Tenant is there: {}", found.iter().map(describe).collect::<String>());
        let (status, answer) = environment.platform_tenant().await?;
        ensure!(status == 404, "the platform answers {status}: {answer}");
        Ok(())
    })
    .await
}

impl Step {
    fn ask(method: Method, path: &str, body: Option<Value>) -> Self {
        Self::Ask { method, path: path.to_owned(), body }
    }

    /// A step that the API server rejects.
    fn refused(self) -> Self {
        match self {
            Self::Kubectl { arguments, .. } => Self::Kubectl { arguments, outcome: Outcome::Refused },
            ask => ask,
        }
    }

    /// Returns the shell command.
    pub fn as_shell(&self, environment: &Environment) -> String {
        match self {
            Self::Kubectl { arguments, .. } => {
                let words: Vec<_> = arguments.iter().map(|word| quoted(word)).collect();
                format!("kubectl {}", words.join(" "))
            }
            Self::Ask { method, path, body } => {
                let url = quoted(&format!("{}{path}", environment.sandbox_url()));
                match body {
                    None => format!("curl -sS -X {method} {url}"),
                    Some(body) => format!(
                        "curl -sS -X {method} {url} -H 'Content-Type: application/merge-patch+json' -d {}",
                        quoted(&body.to_string())
                    ),
                }
            }
        }
    }

    /// Runs it and returns the output.
    async fn perform(&self, environment: &Environment) -> Result<String> {
        match self {
            Self::Kubectl { arguments, outcome } => {
                let token = Uuid::new_v4().simple().to_string();
                let arguments: Vec<_> = arguments.iter().map(|word| word.replace(NEW_TOKEN, &token)).collect();
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                let output = environment.try_kubectl(&arguments).await?;
                let printed = output.stdout + &output.stderr;
                let said = if output.status.success() { Outcome::Accepted } else { Outcome::Refused };
                ensure!(said == *outcome, "kubectl {}: {printed}", arguments.join(" "));
                Ok(printed)
            }
            Self::Ask { method, path, body } => {
                let (status, answer) = environment.ask_sandbox(method.clone(), path, body.as_ref()).await?;
                ensure!((200..300).contains(&status), "{method} {path} answered {status}: {answer}");
                let outcome = answer["outcome"].as_str().unwrap_or_default();
                Ok(format!("{status} {outcome}").trim_end().to_owned())
            }
        }
    }
}

/// Checks the default organization unit on the platform.
async fn unit_is(environment: &Environment, unit: &str) -> Result<()> {
    let (_, tenant) = environment.platform_tenant().await?;
    let found = &tenant["settings"]["provisioning"]["defaultOrganizationUnitId"];
    ensure!(found == unit, "the default unit is {found}");
    Ok(())
}

/// The vendor edits settings in the UI.
fn in_the_ui(settings: &Value) -> Step {
    let path = format!("/sandbox/tenants/{TENANT_ID}/settings?as=system");
    Step::ask(Method::PATCH, &path, Some(json!({ "settings": settings })))
}

fn state(name: &str) -> Step {
    in_the_ui(&json!({"licenses": {"tenantState": name}}))
}

fn edit(spec: &Value) -> Step {
    let patch = json!({ "spec": spec }).to_string();
    kubectl(users::TENANT_EDITOR, "patch", &["--type=merge", "--patch", &patch])
}

/// Without it the operator would reconcile only after the sync interval.
fn reconcile_now() -> Step {
    let annotation = format!("nimbus.luware.com/reconcile-requested-at={NEW_TOKEN}");
    kubectl(users::TENANT_EDITOR, "annotate", &["--overwrite", &annotation])
}

/// A kubectl command for the Tenant. The platform administrator is the default user.
fn kubectl(user: &str, verb: &str, more: &[&str]) -> Step {
    let context = (user != users::PLATFORM_ADMIN).then(|| format!("--context={user}"));
    let object = [verb, "-n", NAMESPACE, "tenants.nimbus.luware.com", TENANT];
    let words = object.iter().chain(more).map(|word| (*word).to_owned());
    Step::Kubectl { arguments: words.chain(context).collect(), outcome: Outcome::Accepted }
}

fn quoted(word: &str) -> String {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,".contains(&byte));
    if is_plain || word.ends_with(NEW_TOKEN) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
