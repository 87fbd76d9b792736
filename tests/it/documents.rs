//! What the template, the routes, the environment and the documents say of one another.

mod access_patterns;
mod template;
mod wiring;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use nots_core::table::{Base, Gsi1, Gsi2, Gsi3, Index};
use nots_http::Access;
use nots_local::{TABLE, gateway};
use nots_testkit::World;
use serde_json::{Value, json};
use template::{Template, allowed, several, text};
use yaml_rust2::Yaml;

use crate::events::{Case, Stage, names_in, root};

pub(crate) fn source(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_function_has_a_folder_and_an_entry_in_the_template() {
    let template = Template::read();
    let functions: Vec<_> = template.functions().into_keys().collect();
    assert_eq!(functions, names_in("functions"));
    for function in functions {
        let manifest = source(&format!("functions/{function}/Cargo.toml"));
        let named = manifest.lines().filter(|line| *line == format!("name = \"{function}\"")).count();
        assert_eq!(named, 2, "{function}: package and binary are named alike");
    }
}

#[tokio::test]
async fn template_endpoints_and_local_router_name_the_same_routes() {
    let world = World::new().await;
    let routes = world.platform.gateway.routes();
    let local: BTreeSet<_> = routes
        .map(|route| {
            let public = matches!(route.access, Access::Public);
            (route.function.to_owned(), route.method.to_string(), route.path.to_owned(), public)
        })
        .collect();

    let template = Template::read();
    let mut deployed = BTreeSet::new();
    for (function, properties) in template.functions() {
        for (_, event) in properties["Events"].as_hash().into_iter().flatten() {
            assert_eq!(event["Type"].as_str(), Some("Api"), "{function}");
            let route = &event["Properties"];
            assert_eq!(route["RestApiId"].as_str(), Some("Api"), "{function}");
            let public = match route["Auth"]["Authorizer"].as_str() {
                None => false,
                Some("NONE") => true,
                Some(other) => panic!("{function} has an authorizer of its own: {other}"),
            };
            deployed.insert((function.clone(), text(&route["Method"]), text(&route["Path"]), public));
        }
    }
    assert_eq!(deployed, local);
    let mut wired: BTreeSet<_> = local.iter().map(|(function, ..)| function.as_str()).collect();
    wired.extend(["authorizer", "events-relay", "notifications-send"]);
    wired.extend(["payments-reconcile", "payments-settle", "payments-sweep"]);
    assert_eq!(wired, names_in("functions").iter().map(String::as_str).collect(), "a function nobody calls");
}

#[tokio::test]
async fn the_gateway_of_the_template_is_the_local_one() {
    let template = Template::read();
    let api = &template.resource("Api")["Properties"];
    assert_eq!(api["StageName"].as_str(), Some(gateway::STAGE));
    assert_eq!(several(&api["BinaryMediaTypes"]), ["application/pdf"]);
    let authorizer = &api["Auth"]["Authorizers"][text(&api["Auth"]["DefaultAuthorizer"]).as_str()];
    assert_eq!(text(&authorizer["FunctionArn"]), "AuthorizerFunction.Arn");
    assert_eq!(several(&authorizer["Identity"]["Headers"]), ["Authorization"]);

    let world = World::new().await;
    let preflight = http::Request::options("/v1/bookings").body(bytes::Bytes::new()).unwrap();
    let preflight = world.platform.gateway.handle(preflight).await;
    let local = |name: &str| format!("'{}'", preflight.headers()[name].to_str().unwrap());
    assert_eq!(text(&api["Cors"]["AllowOrigin"]), local("access-control-allow-origin"));
    assert_eq!(text(&api["Cors"]["AllowHeaders"]), local("access-control-allow-headers"));
}

#[test]
fn what_the_gateway_says_by_itself_is_a_problem_too() {
    let template = Template::read();
    let responses = template.resource("Api")["Properties"]["GatewayResponses"].as_hash().unwrap();
    for (kind, response) in responses {
        let kind = text(kind);
        let headers = &response["ResponseParameters"]["Headers"];
        assert_eq!(headers["Content-Type"].as_str(), Some("'application/problem+json'"), "{kind}");
        assert!(headers["Access-Control-Allow-Origin"].as_str().is_some(), "{kind} cannot be read by a page");
        let body = text(&response["ResponseTemplates"]["application/json"]);
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(body["status"].as_i64(), response["StatusCode"].as_i64(), "{kind}");
        for member in ["type", "title", "detail", "requestId"] {
            assert!(body[member].is_string(), "{kind} has no {member}");
        }
    }
    for kind in ["UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"] {
        assert!(responses.contains_key(&Yaml::String(kind.to_owned())), "{kind}");
    }
}

/// Name, partition key and sort key of the table and of each index.
type Schema = BTreeMap<String, (String, String)>;

fn schema_of_core() -> Schema {
    fn of<I: Index>() -> (String, (String, String)) {
        (I::NAME.unwrap_or("table").to_owned(), (I::PK.to_owned(), I::SK.to_owned()))
    }
    BTreeMap::from([of::<Base>(), of::<Gsi1>(), of::<Gsi2>(), of::<Gsi3>()])
}

#[test]
fn the_table_of_the_template_has_the_keys_that_the_code_writes() {
    let template = Template::read();
    let table = &template.resource("Table")["Properties"];
    let pair = |schema: &Yaml| {
        assert_eq!(
            (schema[0]["KeyType"].as_str(), schema[1]["KeyType"].as_str()),
            (Some("HASH"), Some("RANGE"))
        );
        (text(&schema[0]["AttributeName"]), text(&schema[1]["AttributeName"]))
    };
    let mut found = Schema::from([("table".to_owned(), pair(&table["KeySchema"]))]);
    for index in table["GlobalSecondaryIndexes"].as_vec().unwrap() {
        assert_eq!(index["Projection"]["ProjectionType"].as_str(), Some("ALL"));
        found.insert(text(&index["IndexName"]), pair(&index["KeySchema"]));
    }
    assert_eq!(found, schema_of_core());

    let defined: BTreeSet<_> = table["AttributeDefinitions"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|of| (text(&of["AttributeName"]), text(&of["AttributeType"])))
        .collect();
    let keys = found.into_values().flat_map(|(pk, sk)| [(pk, "S".to_owned()), (sk, "S".to_owned())]);
    assert_eq!(defined, keys.collect());

    assert_eq!(table["StreamSpecification"]["StreamViewType"].as_str(), Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"].as_str(), Some("TTL"));
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"].as_bool(), Some(true));
    assert_eq!(table["BillingMode"].as_str(), Some("PAY_PER_REQUEST"));
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"].as_bool(), Some(true));
    assert_eq!(table["SSESpecification"]["SSEEnabled"].as_bool(), Some(true));
}

#[tokio::test]
async fn the_local_table_is_made_like_it() {
    let world = World::new().await;
    let at = world.platform.dynamodb;
    let ask = |action: &'static str| async move {
        tokio::task::spawn_blocking(move || dynamodb(at, action, &json!({ "TableName": TABLE })))
            .await
            .unwrap()
    };
    let table = ask("DescribeTable").await["Table"].clone();
    let pair = |schema: &Value| {
        let name = |kind: &str| {
            let keys = schema.as_array().unwrap().iter();
            let key = keys.clone().find(|key| key["KeyType"] == kind).unwrap();
            key["AttributeName"].as_str().unwrap().to_owned()
        };
        (name("HASH"), name("RANGE"))
    };
    let mut found = Schema::from([("table".to_owned(), pair(&table["KeySchema"]))]);
    for index in table["GlobalSecondaryIndexes"].as_array().unwrap() {
        assert_eq!(index["Projection"]["ProjectionType"], "ALL");
        found.insert(index["IndexName"].as_str().unwrap().to_owned(), pair(&index["KeySchema"]));
    }
    assert_eq!(found, schema_of_core());
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    let ttl = ask("DescribeTimeToLive").await;
    assert_eq!(
        ttl["TimeToLiveDescription"],
        json!({ "AttributeName": "TTL", "TimeToLiveStatus": "ENABLED" })
    );
}

/// Asks DynamoDB's wire protocol as a foreign client would.
fn dynamodb(at: SocketAddr, action: &str, request: &Value) -> Value {
    let body = request.to_string();
    let mut stream = TcpStream::connect(at).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: DynamoDB_20120810.{action}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=any/20241209/eu-west-2/\
         dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=any\r\nX-Amz-Date: 20241209T100000Z\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{action}: {error}: {answer}"))
}

/// What stands between the quotes of each `marker("…")`.
fn quoted<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
    text.split(&format!("{marker}(\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// How a `main.rs` asks for a secret by the variable that names it.
const SECRETS: [&str; 2] = ["aws.secret", "aws.secret_if_named"];

/// The variables that a function's `main.rs` asks for, by name or through an adapter.
fn variables(main: &str) -> BTreeSet<String> {
    let mut all: BTreeSet<_> = ["config::required", "config::optional", "config::list"]
        .iter()
        .chain(&SECRETS)
        .flat_map(|marker| quoted(main, marker))
        .map(str::to_owned)
        .collect();
    // Each adapter of `Aws` names its own.
    for method in source("crates/nots-aws/src/cloud.rs").split("    pub ").skip(1) {
        let signature = method.split('(').next().unwrap();
        let name = signature.trim_start_matches("async ").trim_start_matches("fn ");
        if main.contains(&format!("aws.{name}(")) {
            all.extend(quoted(method, "config::required").into_iter().map(str::to_owned));
        }
    }
    all
}

#[test]
fn every_function_is_given_the_variables_it_asks_for_and_no_other() {
    let template = Template::read();
    // Those of the table are common to all; a function without the table does not look at them.
    let cloud = source("crates/nots-aws/src/cloud.rs");
    let shards: BTreeSet<_> = quoted(&cloud, "config::shards").into_iter().map(str::to_owned).collect();
    assert_eq!(shards.len(), 2);
    for (function, properties) in template.functions() {
        let asked = variables(&source(&format!("functions/{function}/src/main.rs")));
        let given: BTreeSet<_> = template.environment(properties).into_keys().collect();
        assert_eq!(&asked | &shards, given, "{function}");
        assert!(asked.contains("RUST_LOG"), "{function}");
    }
}

/// What each function does with the table in the course of `events/`: the whole journey, and every list.
async fn deeds() -> BTreeMap<String, BTreeSet<String>> {
    let stage = Stage::new().await;
    let cases = [
        "quotes-calculator/station-to-harbour",
        "quotes-retrieve/in-time",
        "quotes-explain/in-time",
        "tariff-preview/dearer",
        "tariff-preview/no-such-quote",
        "bookings-create/by-a-customer",
        "bookings-get/own",
        "bookings-update/flight",
        "bookings-list/own",
        "bookings-list/by-status",
        "bookings-list/by-reference",
        "payments-process/checkout",
        "payments-process/second-click",
        "payments-webhook/paid",
        "events-relay/booking-confirmed",
        "notifications-send/confirmed",
        "bookings-receipt/own",
        "drivers-list/active",
        "drivers-list/on-duty",
        "dispatch-assign/to-a-driver",
        "bookings-list/by-driver",
        "driver-jobs/own",
        "quotes-calculator/to-the-pier",
        "bookings-update/to-the-pier",
        "quotes-calculator/to-the-airport",
        "bookings-update/to-the-airport",
        "payments-process/difference",
        "payments-webhook/difference-paid",
        "payments-refund/of-two-payments",
        "jobs-progress/en-route",
        "jobs-progress/arrived",
        "jobs-progress/on-board",
        "jobs-progress/completed",
        "notifications-send/completed",
        "tariff-put/from-new-year",
        "tariff-put/sent-again",
        "tariff-put/at-once",
        "tariff-get/in-force",
        "tariff-get/one-version",
        "tariff-get/versions",
    ];
    for case in cases {
        stage.play(&Case::named(case)).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    }
    let mut asked = stage.asked();
    // What ends otherwise.
    let paid = [
        "quotes-calculator/station-to-harbour",
        "bookings-create/by-a-customer",
        "payments-process/checkout",
        "payments-webhook/paid",
        "bookings-cancellation/own",
        "dispatch-assign/to-a-driver",
    ];
    for ends in [
        ["bookings-cancel/by-the-customer", "payments-get/own", "payments-get/by-status"].as_slice(),
        &["payments-reconcile/all-agree"],
        &["bookings-cancel/by-the-operator", "payments-settle/owed", "payments-webhook/refund-failed"],
        &["payments-refund/a-part", "payments-refund/sent-again"],
        &["jobs-progress/en-route", "jobs-progress/arrived", "jobs-progress/no-show"],
    ] {
        let stage = Stage::new().await;
        for case in paid.iter().chain(ends) {
            stage.play(&Case::named(case)).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        }
        for (function, deeds) in stage.asked() {
            asked.entry(function).or_default().extend(deeds);
        }
    }
    for ends in ["payments-sweep/unpaid", "payments-reconcile/money-that-is-not-known"] {
        let unpaid = [&paid[..3], &[ends]].concat();
        let stage = Stage::new().await;
        for case in unpaid {
            stage.play(&Case::named(case)).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        }
        for (function, deeds) in stage.asked() {
            asked.entry(function).or_default().extend(deeds);
        }
    }
    asked
}

#[tokio::test]
async fn every_function_may_do_with_the_table_what_it_does() {
    let (template, deeds) = (Template::read(), deeds().await);
    let missing = template.functions().into_iter().flat_map(|(function, properties)| {
        let allowed = allowed(properties);
        let done = deeds.get(&function).cloned().unwrap_or_default();
        done.into_iter()
            .filter(move |deed| !allowed.contains(deed))
            .map(move |deed| format!("{function}: {deed}"))
    });
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0], "AWS would refuse these");
}

#[tokio::test]
async fn no_function_may_do_more_with_the_table_than_it_does() {
    let (template, deeds) = (Template::read(), deeds().await);
    let needless = template.functions().into_iter().flat_map(|(function, properties)| {
        let done = deeds.get(&function).cloned().unwrap_or_default();
        let of_table = |deed: &String| deed.starts_with("dynamodb:") && !deed.contains("/stream/");
        let allowed = allowed(properties).into_iter().filter(of_table);
        allowed.filter(move |deed| !done.contains(deed)).map(move |deed| format!("{function}: {deed}"))
    });
    assert_eq!(needless.collect::<Vec<_>>(), [""; 0], "nobody needs these");
}

#[test]
fn every_function_may_use_what_else_it_is_composed_of() {
    let template = Template::read();
    for (function, properties) in template.functions() {
        let main = source(&format!("functions/{function}/src/main.rs"));
        let (environment, allowed) = (template.environment(properties), allowed(properties));
        let mut expected: BTreeSet<String> = SECRETS
            .iter()
            .flat_map(|marker| quoted(&main, marker))
            .map(|variable| format!("secretsmanager:GetSecretValue {}", environment[variable]))
            .collect();
        if main.contains("aws.events(") {
            expected.insert("events:PutEvents EventBus".to_owned());
        }
        let of_services = |deed: &&String| deed.starts_with("secretsmanager:") || deed.starts_with("events:");
        assert_eq!(
            allowed.iter().filter(of_services).cloned().collect::<BTreeSet<_>>(),
            expected,
            "{function}"
        );
        let tells = ["ses:SendEmail", "sns:Publish"]
            .map(|action| allowed.iter().any(|deed| deed.starts_with(action)));
        assert_eq!(tells, [main.contains("aws.mail("); 2], "{function}");
    }
}

#[test]
fn nothing_on_a_request_s_path_scans() {
    let mut files = vec![];
    for folder in
        ["crates/nots-aws/src", "crates/nots-aws/src/table", "crates/nots-http/src", "crates/nots-core/src"]
    {
        files.extend(names_in(folder).into_iter().map(|name| format!("{folder}/{name}")));
    }
    for function in names_in("functions") {
        let folder = format!("functions/{function}/src");
        files.extend(names_in(&folder).into_iter().map(|name| format!("{folder}/{name}")));
    }
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        for call in [".scan()", "::scan", "execute_statement", "SELECT "] {
            assert!(!source(file).contains(call), "{file} has {call}");
        }
    }
    for action in ["dynamodb:Scan", "dynamodb:PartiQL", "dynamodb:*"] {
        assert!(!source("template.yaml").contains(action), "{action}");
    }
}
