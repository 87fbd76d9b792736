//! Who may do what: each role at each route, each kind of token, and what each sees of a booking.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use Who::{Public, These};
use jsonwebtoken::{Algorithm, EncodingKey, Header, dangerous::insecure_decode, encode};
use nots_core::{Role, UserId};
use nots_http::Access;
use nots_local::{Options, tokens::TokenIssuer};
use nots_testkit::{Person, World};
use serde_json::{Value, json};

use crate::bad_input::{named, send};

/// For whom a route is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Public,
    These(&'static [&'static str]),
}

const EVERY_ROLE: [&str; 5] = ["customer", "driver", "dispatcher", "admin", "owner"];
const CUSTOMER_AND_STAFF: Who = These(&["customer", "dispatcher", "admin", "owner"]);
const STAFF: Who = These(&["dispatcher", "admin", "owner"]);
const MANAGEMENT: Who = These(&["admin", "owner"]);

/// The product's own table; a route without a row here fails, as does one that lets in others.
const TABLE: [(&str, &str, Who); 21] = [
    ("POST", "/quotes", Public),
    ("GET", "/quotes/{quoteId}", Public),
    ("GET", "/quotes/{quoteId}/explanation", Public),
    ("POST", "/bookings", CUSTOMER_AND_STAFF),
    ("GET", "/bookings/{bookingId}", These(&EVERY_ROLE)),
    ("PATCH", "/bookings/{bookingId}", CUSTOMER_AND_STAFF),
    ("DELETE", "/bookings/{bookingId}", CUSTOMER_AND_STAFF),
    ("GET", "/bookings/{bookingId}/cancellation", CUSTOMER_AND_STAFF),
    ("GET", "/bookings/{bookingId}/receipt", CUSTOMER_AND_STAFF),
    ("GET", "/bookings", CUSTOMER_AND_STAFF),
    ("POST", "/payments", CUSTOMER_AND_STAFF),
    ("GET", "/payments", CUSTOMER_AND_STAFF),
    ("POST", "/payments/{paymentId}/refunds", MANAGEMENT),
    ("POST", "/webhooks/stripe", Public),
    ("POST", "/dispatch", STAFF),
    ("GET", "/drivers", STAFF),
    ("GET", "/drivers/me/jobs", These(&["driver"])),
    ("PATCH", "/jobs/{bookingId}", These(&["driver"])),
    ("GET", "/tariff", MANAGEMENT),
    ("PUT", "/tariff", These(&["owner"])),
    ("POST", "/tariff/preview", MANAGEMENT),
];

/// The route's path, with something in place of the id.
fn path(template: &str, id: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { id } else { segment });
    format!("/v1{}", segments.collect::<Vec<_>>().join("/"))
}

/// A person of every role, by role.
async fn everybody(world: &World) -> BTreeMap<&'static str, Person> {
    let mut people = BTreeMap::new();
    for role in EVERY_ROLE {
        let person =
            if role == "driver" { world.driver("driver_demo1").await } else { world.person(role).await };
        people.insert(role, person);
    }
    people
}

#[tokio::test]
async fn every_route_is_for_whom_the_product_says() {
    let world = World::new().await;
    let mut routes: Vec<_> = world
        .platform
        .gateway
        .routes()
        .map(|route| {
            let who = match route.access {
                Access::Public => None,
                Access::Roles(roles) => Some(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()),
            };
            (route.method.as_str(), route.path, who)
        })
        .collect();
    let mut expected: Vec<_> = TABLE
        .iter()
        .map(|(method, path, who)| match who {
            Public => (*method, *path, None),
            These(roles) => (*method, *path, Some(roles.to_vec())),
        })
        .collect();
    routes.sort();
    expected.sort();
    assert_eq!(routes, expected);
}

/// Whoever may not is told so, whatever else is wrong with what they send; whoever may is told that.
#[tokio::test]
async fn the_role_is_judged_before_body_and_id() {
    let world = World::new().await;
    let people = everybody(&world).await;
    let nobody =
        world.platform.tokens.issue(Role::Owner, None, None, world.platform.ports.clock.now()).unwrap();
    let mut tokens: Vec<_> =
        people.iter().map(|(role, person)| (*role, format!("Bearer {}", person.token))).collect();
    tokens.push(("nobody", format!("Bearer {nobody}")));
    let too_large = "x".repeat(64 * 1024 + 1);
    let mut wrong = Vec::new();
    for (method, template, who) in TABLE {
        for (role, token) in &tokens {
            let may = match who {
                Public => true,
                These(roles) => roles.contains(role),
            };
            for (id, body) in
                [("x", "{"), ("%00", ""), ("booking_1", "[]"), ("quote_1", "{\"x\":1}"), ("x", &too_large)]
            {
                let path = path(template, id);
                let answer = send(&world, method, &path, &[("authorization", token)], body.to_owned()).await;
                let right = if may {
                    matches!(answer.status, 200 | 400 | 404 | 413 | 422)
                } else {
                    named(&answer, 403).is_ok_and(|names| names.is_empty())
                };
                let sent: String = body.chars().take(9).collect();
                wrong.extend(
                    (!right).then(|| {
                        format!("{role}: {method} {path} {sent}: {} {}", answer.status, answer.body)
                    }),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A folder that goes with whoever holds it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("nots-roles-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Signs tokens with the platform's own key, which it keeps with its data.
struct Signer {
    pem: Vec<u8>,
    header: Header,
    claims: Value,
}

impl Signer {
    /// That begins with the claims of a good token.
    fn like(folder: &Folder, good: &Person) -> Self {
        let pem = std::fs::read(folder.0.join("signing-key.pem")).unwrap();
        let token = insecure_decode::<Value>(&good.token).unwrap();
        Self { pem, header: token.header, claims: token.claims }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        format!("Bearer {}", encode(header, claims, &EncodingKey::from_rsa_pem(&self.pem).unwrap()).unwrap())
    }

    /// With a claim changed, or (by null) left out.
    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        let fields = claims.as_object_mut().unwrap();
        if value.is_null() {
            fields.remove(name)
        } else {
            fields.insert(name.to_owned(), value)
        };
        self.sign(&self.header, &claims)
    }

    fn by(&self, algorithm: Algorithm, kid: Option<&str>) -> String {
        self.sign(&Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }, &self.claims)
    }
}

#[tokio::test]
async fn a_token_is_good_or_it_is_401() {
    let folder = Folder::new();
    let world = World::with(Options { data: Some(folder.0.clone()), ..Options::default() }).await;
    let (owner, customer) = (world.person("owner").await, world.person("customer").await);
    let (signer, now, kid) = (Signer::like(&folder, &owner), world.now(), Some("local-1"));
    let other_key = {
        let issuer = TokenIssuer::open(Some(&folder.0.join("another-key.pem"))).unwrap();
        let user = UserId::parse(&owner.id).unwrap();
        issuer.issue(Role::Owner, Some(&user), None, world.platform.ports.clock.now()).unwrap()
    };
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, theirs) = (parts(&customer.token), parts(&owner.token));
    let secret = EncodingKey::from_secret(world.platform.tokens.jwks().as_bytes());
    let mut symmetric = Header::new(Algorithm::HS256);
    symmetric.kid = kid.map(str::to_owned);
    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoibG9jYWwtMSJ9"; // {"alg":"none","kid":"local-1"}
    let bad = [
        ("none", None),
        ("empty", Some(String::new())),
        ("no token", Some("Bearer".to_owned())),
        ("an empty token", Some("Bearer ".to_owned())),
        ("garbage", Some("Bearer garbage".to_owned())),
        ("three parts of garbage", Some("Bearer a.b.c".to_owned())),
        ("no scheme", Some(owner.token.clone())),
        ("another scheme", Some(format!("Basic {}", owner.token))),
        ("half of it", Some(format!("Bearer {}", &owner.token[..owner.token.len() / 2]))),
        ("two of them", Some(format!("Bearer {0},Bearer {0}", owner.token))),
        ("another's claims", Some(format!("Bearer {}.{}.{}", mine[0], theirs[1], mine[2]))),
        ("no signature", Some(format!("Bearer {}.{}.", mine[0], theirs[1]))),
        ("alg none", Some(format!("Bearer {unsigned}.{}.", theirs[1]))),
        (
            "the public key as a secret",
            Some(format!("Bearer {}", encode(&symmetric, &signer.claims, &secret).unwrap())),
        ),
        ("another key", Some(format!("Bearer {other_key}"))),
        ("RS512", Some(signer.by(Algorithm::RS512, kid))),
        ("PS256", Some(signer.by(Algorithm::PS256, kid))),
        ("an unknown key id", Some(signer.by(Algorithm::RS256, Some("local-2")))),
        ("no key id", Some(signer.by(Algorithm::RS256, None))),
        ("an id token", Some(signer.with("token_use", json!("id")))),
        ("no use", Some(signer.with("token_use", Value::Null))),
        ("another issuer", Some(signer.with("iss", json!("https://example.com")))),
        ("no issuer", Some(signer.with("iss", Value::Null))),
        ("another client", Some(signer.with("client_id", json!("other-client")))),
        ("no client", Some(signer.with("client_id", Value::Null))),
        ("expired", Some(signer.with("exp", json!(now - 1)))),
        ("expired long ago", Some(signer.with("exp", json!(0)))),
        ("never expires", Some(signer.with("exp", Value::Null))),
        ("expiry in words", Some(signer.with("exp", json!("tomorrow")))),
    ];
    let mut wrong = Vec::new();
    for (method, template, who) in TABLE {
        for (what, authorization) in &bad {
            let headers: Vec<_> = authorization.iter().map(|text| ("authorization", text.as_str())).collect();
            let answer = send(&world, method, &path(template, "x"), &headers, "{").await;
            let right = if who == Public {
                // No token is looked at.
                matches!(answer.status, 400 | 404)
            } else {
                named(&answer, 401).is_ok_and(|names| names.is_empty())
                    && answer.headers.get("www-authenticate").is_some_and(|scheme| scheme == "Bearer")
            };
            wrong.extend(
                (!right).then(|| format!("{what}: {method} {template}: {} {}", answer.status, answer.body)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // What was changed above was what was wrong: signed as they are, the same claims are good.
    let good =
        [signer.sign(&signer.header, &signer.claims), owner.token.clone(), signer.by(Algorithm::RS256, kid)];
    let good = good.map(|token| token.trim_start_matches("Bearer ").to_owned());
    for token in good.iter().flat_map(|token| [format!("Bearer {token}"), format!("bearer {token}")]) {
        let answer = send(&world, "GET", "/v1/drivers", &[("authorization", &token)], "").await;
        assert_eq!(answer.status, 200, "{token}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_good_token_without_a_role_that_may_is_403() {
    let folder = Folder::new();
    let world = World::with(Options { data: Some(folder.0.clone()), ..Options::default() }).await;
    let signer = Signer::like(&folder, &world.person("dispatcher").await);
    for (claim, value) in [
        ("cognito:groups", Value::Null),
        ("cognito:groups", json!([])),
        ("cognito:groups", json!(["Dispatcher", "dispatcher ", "staff", "dispatcher,owner"])),
        ("cognito:groups", json!(["driver"])),
        ("nots:userId", Value::Null),
        ("nots:userId", json!("user_a#b")),
        ("nots:userId", json!("driver_demo1")),
    ] {
        let token = signer.with(claim, value.clone());
        let answer = send(&world, "GET", "/v1/drivers", &[("authorization", &token)], "").await;
        assert!(named(&answer, 403).is_ok(), "{claim} {value}: {} {}", answer.status, answer.body);
    }
    // A group that is not known takes nothing away.
    let token = signer.with("cognito:groups", json!(["eu-west-2_pool_Google", "dispatcher"]));
    let answer = send(&world, "GET", "/v1/drivers", &[("authorization", &token)], "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_token_is_good_for_a_day() {
    let world = World::new().await;
    let people = everybody(&world).await;
    world.platform.advance(86_400 - 60).await.unwrap();
    for person in people.values() {
        world.get("/v1/bookings/booking_1", person).await.expect_status(404);
    }
    // By longer than the gateway keeps an authorizer's answer.
    world.platform.advance(60 + 300).await.unwrap();
    for (role, person) in &people {
        let answer = world.get("/v1/bookings/booking_1", person).await;
        assert!(named(&answer, 401).is_ok(), "{role}: {}", answer.body);
    }
    let fresh = world.person("customer").await;
    world.get("/v1/bookings/booking_1", &fresh).await.expect_status(404);
}

/// A problem without what names the request, so that two can be compared.
fn anonymous(mut problem: Value) -> Value {
    problem.as_object_mut().unwrap().remove("requestId");
    problem
}

#[tokio::test]
async fn somebody_else_s_booking_is_not_there() {
    let world = World::new().await;
    let people = everybody(&world).await;
    let (customer, other) = (world.person("customer").await, world.person("customer").await);
    let (driver, other_driver) = (world.driver("driver_demo1").await, world.driver("driver_demo2").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let pending = world.booked(&customer, 2 * 86_400).await;
    let (id, unpaid) = (booking["bookingId"].as_str().unwrap(), json!({ "bookingId": pending["bookingId"] }));
    let (mine, unknown) = (format!("/v1/bookings/{id}"), "/v1/bookings/booking_unknown");
    let (job, step) = (format!("/v1/jobs/{id}"), json!({ "progress": "en_route" }));

    // Until it is theirs, a driver's too.
    world.get(&mine, &driver).await.expect_status(404);
    world.patch(&job, &driver, step.clone()).await.expect_status(404);
    world.assign(&people["dispatcher"], &booking, "driver_demo1").await.expect_status(200);
    let before = world.table();

    for stranger in [&other, &other_driver] {
        let refused = world.get(&mine, stranger).await.expect_status(404);
        let missing = world.get(unknown, stranger).await.expect_status(404);
        assert_eq!(anonymous(refused), anonymous(missing), "nothing tells the two apart");
    }
    let refused = world.post("/v1/payments", &other, unpaid).await.expect_status(404);
    let missing = world.post("/v1/payments", &other, json!({ "bookingId": "booking_unknown" })).await;
    assert_eq!(refused["errors"][0]["pointer"], "/bookingId");
    assert_eq!(anonymous(refused), anonymous(missing.expect_status(404)));
    let refused = world.patch(&job, &other_driver, step.clone()).await.expect_status(404);
    let missing =
        world.patch("/v1/jobs/booking_unknown", &other_driver, step.clone()).await.expect_status(404);
    assert_eq!(anonymous(refused), anonymous(missing));
    let again = json!({ "quoteId": booking["quoteId"], "customer": World::traveller() });
    let refused = world.post("/v1/bookings", &other, again).await.expect_status(409);
    assert!(
        !refused.to_string().contains("john@example.com") && !refused.to_string().contains("NOTS-"),
        "{refused}"
    );
    assert!(world.table() == before);

    for role in ["dispatcher", "admin", "owner"] {
        world.get(&mine, &people[role]).await.expect_status(200);
    }
    world.get(&mine, &customer).await.expect_status(200);
    world.get(&mine, &driver).await.expect_status(200);
    world.patch(&job, &driver, step).await.expect_status(200);
}

#[tokio::test]
async fn a_customer_lists_and_books_for_nobody_else() {
    let world = World::new().await;
    let (one, other) = (world.person("customer").await, world.person("customer").await);
    let staff = world.person("admin").await;
    let (first, second) = (world.booked(&one, 86_400).await, world.booked(&other, 86_400).await);
    for (who, own) in [(&one, &first), (&other, &second)] {
        let mine = world.get("/v1/bookings", who).await.expect_status(200);
        assert_eq!(mine["items"], json!([own]));
    }
    let own_id = one.id.as_str();
    for filter in [
        "status=pending",
        &format!("userId={own_id}"),
        "driverId=driver_demo1",
        "reference=NOTS-7K3M9Q",
        "from=1795177202",
        "to=1795177202",
    ] {
        let answer = world.get(&format!("/v1/bookings?{filter}"), &one).await;
        let name = filter.split('=').next().unwrap();
        assert_eq!(named(&answer, 400), Ok([format!("?{name}")].into()), "{filter}");
    }
    let quote = world.quote(2 * 86_400).await;
    let body =
        |user: &str| json!({ "quoteId": quote["quoteId"], "customer": World::traveller(), "userId": user });
    let answer = world.post("/v1/bookings", &one, body(&other.id)).await;
    assert_eq!(named(&answer, 422), Ok(["/userId".to_owned()].into()));
    // Staff may, and then it is that user's booking.
    let booked = world.post("/v1/bookings", &staff, body(&other.id)).await.expect_status(201);
    assert_eq!((&booked["customer"]["userId"], &booked["takenBy"]), (&json!(other.id), &json!(staff.id)));
    let theirs = world.get("/v1/bookings", &other).await.expect_status(200);
    assert_eq!(theirs["items"].as_array().unwrap().len(), 2);
    world
        .get(&format!("/v1/bookings/{}", booked["bookingId"].as_str().unwrap()), &one)
        .await
        .expect_status(404);
}

/// What the office alone sees.
const OFFICE: [&str; 4] = ["internalNotes", "takenBy", "dispatchedBy", "steps"];

#[tokio::test]
async fn each_sees_of_a_booking_what_is_theirs_to_see() {
    let world = World::new().await;
    let people = everybody(&world).await;
    let (customer, dispatcher, driver) = (&people["customer"], &people["dispatcher"], &people["driver"]);
    // Taken by telephone, so that there is a name of the office to hide.
    let quote = world.quote(86_400).await;
    let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller(), "userId": customer.id });
    let booking = world.post("/v1/bookings", dispatcher, body).await.expect_status(201);
    let payment = world.post("/v1/payments", customer, json!({ "bookingId": booking["bookingId"] })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    world.assign(dispatcher, &booking, "driver_demo1").await.expect_status(200);
    let id = booking["bookingId"].as_str().unwrap();
    let stepped = world.patch(&format!("/v1/jobs/{id}"), driver, json!({ "progress": "en_route" })).await;

    let only = |page: Value| page["items"][0].clone();
    let for_office = [
        world.booking(&booking, dispatcher).await,
        world.booking(&booking, &people["admin"]).await,
        world.booking(&booking, &people["owner"]).await,
        only(world.get("/v1/bookings?status=assigned", dispatcher).await.expect_status(200)),
    ];
    for view in for_office {
        assert_eq!((&view["takenBy"], &view["dispatchedBy"]), (&json!(dispatcher.id), &json!(dispatcher.id)));
        assert_eq!((&view["internalNotes"], &view["steps"][0]["step"]), (&json!(""), &json!("en_route")));
        assert_eq!(view["customer"]["phone"], "+447700900123");
        assert_eq!(view["payment"]["status"], "completed");
    }
    let for_customer = [
        world.booking(&booking, customer).await,
        only(world.get("/v1/bookings", customer).await.expect_status(200)),
    ];
    for view in for_customer {
        assert!(OFFICE.iter().all(|name| view.get(name).is_none()), "{view}");
        assert!(!view.to_string().contains(&dispatcher.id), "{view}");
        assert_eq!(
            (&view["customer"]["email"], &view["customer"]["userId"]),
            (&json!("john@example.com"), &json!(customer.id))
        );
        assert_eq!(
            (&view["payment"]["status"], &view["driver"]["firstName"]),
            (&json!("completed"), &json!("Jane"))
        );
    }
    let for_driver = [
        stepped.expect_status(200),
        world.booking(&booking, driver).await,
        only(world.get("/v1/drivers/me/jobs", driver).await.expect_status(200)),
    ];
    for view in for_driver {
        assert!(OFFICE.iter().chain(&["payment"]).all(|name| view.get(name).is_none()), "{view}");
        assert!(
            !view.to_string().contains(&dispatcher.id) && !view.to_string().contains(&customer.id),
            "{view}"
        );
        let seen = json!({ "firstName": "John", "lastName": "Doe", "phone": "••••••••••123" });
        assert_eq!(view["customer"], seen);
    }
}
