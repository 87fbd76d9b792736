use nots_core::{ports::Payments, time::Interval};
use nots_stripe::StripePayments;
use serde_json::json;

use super::{api::serve, *};

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_happened_is_listed_newest_first_by_when_and_by_what_it_belongs_to() {
    let (stripe, clock) = start();
    let mut intents = Vec::new();
    let mut refunds = Vec::new();
    for _ in 0..3 {
        let intent = paid(&stripe).await;
        let (_, refund) =
            local(&stripe, "POST", &format!("payments/{intent}/refund"), json!({"amount": 1})).await;
        refunds.push(refund["id"].as_str().unwrap().to_owned());
        intents.push(intent);
        clock.advance(10);
    }
    let get = async |path: &str| {
        let (status, list) = ask(&stripe, "GET", path, "", None).await;
        assert_eq!(status, 200, "{path}: {list}");
        list
    };
    let all = get("/v1/refunds").await;
    assert_eq!(ids(&all), [&refunds[2], &refunds[1], &refunds[0]]);
    assert_eq!((&all["object"], &all["has_more"]), (&json!("list"), &json!(false)));
    let first = get("/v1/refunds?limit=2").await;
    assert_eq!((ids(&first), &first["has_more"]), (vec![refunds[2].as_str(), &refunds[1]], &json!(true)));
    let rest = get(&format!("/v1/refunds?limit=2&starting_after={}", refunds[1])).await;
    assert_eq!((ids(&rest), &rest["has_more"]), (vec![refunds[0].as_str()], &json!(false)));
    for (filter, expected) in [
        (format!("payment_intent={}", intents[1]), vec![1]),
        (format!("created[gte]={}", NOW + 10), vec![2, 1]),
        (format!("created[gt]={}", NOW + 10), vec![2]),
        (format!("created[lt]={}", NOW + 10), vec![0]),
        (format!("created[lte]={}&created[gte]={NOW}", NOW + 10), vec![1, 0]),
        (format!("created[gte]={NOW}&limit=1&starting_after={}", refunds[2]), vec![1]),
    ] {
        let expected: Vec<&str> = expected.into_iter().map(|at: usize| refunds[at].as_str()).collect();
        assert_eq!(ids(&get(&format!("/v1/refunds?{filter}")).await), expected, "{filter}");
    }
    let charges = get("/v1/charges").await;
    let of: Vec<&str> = charges["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["payment_intent"].as_str().unwrap())
        .collect();
    assert_eq!(of, [&intents[2], &intents[1], &intents[0]]);
    assert_eq!(charges["data"][0]["amount_refunded"], 1);
    let charge = charges["data"][0]["id"].as_str().unwrap();
    assert_eq!(get(&format!("/v1/charges/{charge}")).await, charges["data"][0]);
    assert_eq!(ids(&get(&format!("/v1/refunds?charge={charge}")).await), [&refunds[2]]);
    assert_eq!(ids(&get("/v1/payment_intents").await), [&intents[2], &intents[1], &intents[0]]);
    assert_eq!(get(&format!("/v1/payment_intents/{}", intents[0])).await["status"], "succeeded");
    assert_eq!(get(&format!("/v1/refunds/{}", refunds[0])).await["payment_intent"], json!(intents[0]));
    assert!(ids(&get("/v1/disputes").await).is_empty());

    for (path, status, code, param) in [
        ("/v1/refunds?limit=0", 400, json!("parameter_invalid_integer"), json!("limit")),
        ("/v1/refunds?limit=101", 400, json!("parameter_invalid_integer"), json!("limit")),
        ("/v1/refunds?created[gte]=soon", 400, json!("parameter_invalid_integer"), json!("created[gte]")),
        ("/v1/refunds?status=failed", 400, json!("parameter_unknown"), json!("status")),
        ("/v1/charges?charge=ch_1", 400, json!("parameter_unknown"), json!("charge")),
        ("/v1/refunds?payment_intent=pi_none", 404, json!("resource_missing"), json!("payment_intent")),
        ("/v1/refunds?starting_after=re_none", 404, json!("resource_missing"), json!("starting_after")),
        ("/v1/disputes/du_none", 404, json!("resource_missing"), json!("id")),
    ] {
        let (found, refused) = ask(&stripe, "GET", path, "", None).await;
        let error = &refused["error"];
        assert_eq!((found, &error["code"], &error["param"]), (status, &code, &param), "{path}: {refused}");
    }
}

#[tokio::test]
async fn the_platforms_client_reads_every_page_of_a_day() {
    let (stripe, clock) = start();
    let payments = StripePayments::new(Arc::new(Held(API_KEY)), Some(&serve(&stripe).await));
    stripe.act(&opened(&stripe).await, CardAction::Decline).unwrap();
    let before = paid(&stripe).await;
    clock.advance(100);
    let mut intents = Vec::new();
    for _ in 0..103 {
        let (_, _, session) = create(&stripe, form(&[("expires_at", "")]), None).await;
        let paid = stripe.act(session["id"].as_str().unwrap(), CardAction::Pay).unwrap();
        intents.push(paid.payment_intent.unwrap());
        clock.advance(1);
    }
    intents.reverse();
    let day = Interval { from: Timestamp::new(NOW + 100).unwrap(), to: clock.now() };
    let first = payments.charges(day, None).await.unwrap();
    assert_eq!(first.items.len(), 100);
    let second = payments.charges(day, first.next).await.unwrap();
    assert_eq!(second.next, None);
    let listed: Vec<_> =
        first.items.into_iter().chain(second.items).map(|charge| charge.payment_intent.unwrap()).collect();
    assert_eq!(listed, intents);
    assert!(!listed.contains(&before));

    for of in &intents[..2] {
        local(&stripe, "POST", &format!("payments/{of}/refund"), json!({"amount": 5})).await;
        local(&stripe, "POST", &format!("charges/{of}/dispute"), Value::Null).await;
    }
    let now = Interval::starting(clock.now(), 1);
    assert_eq!(payments.refunds(now, None).await.unwrap().items.len(), 2);
    let disputes = payments.disputes(now, None).await.unwrap();
    assert_eq!(disputes.items.iter().map(|dispute| dispute.amount).collect::<Vec<_>>(), [1223, 1223]);
    assert_eq!(payments.charges(now, None).await.unwrap().items, []);
}
