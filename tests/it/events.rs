//! Every event of `events/`, down the path that Lambda's own go.

mod replay;

use serde_json::{Value, json};

use replay::differences;
pub(crate) use replay::{Case, Stage, names_in, root};

#[tokio::test]
async fn every_event_is_answered_as_its_sidecar_says() {
    let functions = names_in("functions");
    let folders: Vec<_> = names_in("events").into_iter().filter(|name| name != "README.md").collect();
    assert_eq!(folders, functions, "a folder of events for every function and for nothing else");

    let mut failures = Vec::new();
    for function in functions {
        let cases = Case::all_of(&function);
        assert!(!cases.is_empty(), "events/{function} has no event");
        for case in cases {
            let stage = Stage::before(&case).await;
            let played = stage.play(&case).await;
            for difference in outcome(&stage, &case, played.map_err(|error| error.to_string())) {
                failures.push(format!("{}: {difference}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What came of a case and should not have.
fn outcome(stage: &Stage, case: &Case, played: Result<Value, String>) -> Vec<String> {
    let expect = &case.expect;
    let known = ["after", "answer", "error", "published", "history", "told"];
    let names = expect.as_object().expect("an object").keys();
    let mut wrong: Vec<_> =
        names.filter(|name| !known.contains(&name.as_str())).map(|name| format!("what is {name}?")).collect();
    match (&expect["error"], played) {
        (Value::Null, Ok(answer)) => wrong.extend(differences(&expect["answer"], &answer)),
        (expected, Ok(answer)) => wrong.push(format!("should fail with {expected}, answered {answer}")),
        (expected, Err(error)) if *expected == json!(error) => {}
        (expected, Err(error)) => wrong.push(format!("should fail with {expected}, failed with {error}")),
    }
    let found = [
        ("published", json!(stage.published())),
        ("history", json!(stage.history())),
        ("told", json!(stage.world.told())),
    ];
    for (name, found) in found {
        if !expect[name].is_null() && expect[name] != found {
            wrong.push(format!("{name} should be {}, is {found}", expect[name]));
        }
    }
    wrong
}

#[tokio::test]
async fn zz_dump() {
    let case = Case::named("jobs-progress/completed");
    let stage = Stage::before(&case).await;
    stage.play(&case).await.unwrap();
    let stream = stage.world.platform.stream().unwrap();
    for r in stream {
        stage.invoke("events-relay", &json!({"Records": [r]})).await.unwrap();
    }
    std::fs::write("/tmp/gen/stream.json", json!(stage.world.platform.stream().unwrap()).to_string())
        .unwrap();
    std::fs::write("/tmp/gen/table.json", json!(stage.world.table()).to_string()).unwrap();
    println!("{:#?}", stage.asked());
}
