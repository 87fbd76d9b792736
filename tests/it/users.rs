//! Users and the links that keep e-mail addresses and logins unique.

use std::sync::Arc;

use nots_core::{
    Actor, Role, Timestamp, UserId, access,
    contact::{CognitoSub, Email, Phone},
    entity::{
        CognitoLink, EmailLink, User,
        user::{Preferences, UserStatus},
    },
    ports::Table,
    table::{Because, Stored, WriteError},
    text::Name,
};
use nots_testkit::World;

fn at() -> Timestamp {
    Timestamp::new(1_800_000_000).unwrap()
}

fn user(id: &str, email: &str, login: Option<&str>) -> User {
    User {
        user_id: UserId::parse(id).unwrap(),
        cognito_id: login.map(|login| CognitoSub::parse(login).unwrap()),
        email: Email::parse(email).unwrap(),
        first_name: Name::parse("Ada").unwrap(),
        last_name: Name::parse("Byron").unwrap(),
        phone: Phone::parse("07700900123").unwrap(),
        role: Role::Customer,
        status: UserStatus::Active,
        preferences: Preferences::default(),
    }
}

async fn register(table: &Arc<dyn Table>, user: User) -> Result<(), WriteError> {
    table.commit(user.register(Actor::System, at()).transaction).await
}

async fn stored(table: &Arc<dyn Table>, id: &str) -> Stored<User> {
    table.read(access::user(&UserId::parse(id).unwrap())).await.unwrap().expect("a user")
}

async fn revise(
    table: &Arc<dyn Table>,
    row: Stored<User>,
    change: impl FnOnce(&mut User),
) -> Result<(), WriteError> {
    let mut data = row.data.clone();
    change(&mut data);
    table.commit(User::revise(row, data, Actor::System, at()).transaction).await
}

async fn found(table: &Arc<dyn Table>, email: &str) -> Vec<String> {
    let page = table.page(&access::user_by_email(&Email::parse(email).unwrap()), 25, None).await.unwrap();
    page.rows.iter().map(|row| row.data.user_id.to_string()).collect()
}

fn unique(world: &World) -> Vec<String> {
    world.table().into_keys().filter(|key| key.starts_with("UNIQUE#")).collect()
}

#[tokio::test]
async fn no_two_users_share_an_address_or_a_login() {
    let world = World::new().await;
    let table = &world.platform.ports.table;
    register(table, user("user_a", "Ada@Example.com", Some("sub-a"))).await.unwrap();

    let same_address = register(table, user("user_b", "ada@example.COM", None)).await.unwrap_err();
    assert_eq!(same_address.refused_by::<EmailLink>(), Some(&Because::Exists));
    let same_login = register(table, user("user_b", "b@example.com", Some("sub-a"))).await.unwrap_err();
    assert_eq!(same_login.refused_by::<CognitoLink>(), Some(&Because::Exists));
    let same_id = register(table, user("user_a", "c@example.com", None)).await.unwrap_err();
    assert_eq!(same_id.refused_by::<User>(), Some(&Because::Exists));
    assert_eq!(unique(&world), ["UNIQUE#COGNITO#sub-a / USER", "UNIQUE#EMAIL#ada@example.com / USER"]);

    register(table, user("user_b", "b@example.com", Some("sub-b"))).await.unwrap();
    assert_eq!(found(table, "ADA@example.com").await, ["user_a"]);
    let login = table.read(access::user_by_cognito(&CognitoSub::parse("sub-b").unwrap())).await.unwrap();
    assert_eq!(login.unwrap().data.user_id.as_str(), "user_b");
    let all = table.page(&access::all_users(), 25, None).await.unwrap().rows;
    let all: Vec<_> = all.iter().map(|row| row.data.user_id.as_str()).collect();
    assert_eq!(all, ["user_a", "user_b"]);
}

#[tokio::test]
async fn an_address_that_is_given_up_is_free_and_one_that_is_not_is_not() {
    let world = World::new().await;
    let table = &world.platform.ports.table;
    register(table, user("user_a", "a@example.com", Some("sub-a"))).await.unwrap();
    register(table, user("user_b", "b@example.com", None)).await.unwrap();

    let email = |text: &str| Email::parse(text).unwrap();
    let row = stored(table, "user_a").await;
    let taken = revise(table, row, |u| u.email = email("B@example.com")).await.unwrap_err();
    assert_eq!(taken.refused_by::<EmailLink>(), Some(&Because::Exists));
    assert_eq!(stored(table, "user_a").await.data.email, email("a@example.com"), "nothing was half done");

    let (row, stale) = (stored(table, "user_a").await, stored(table, "user_a").await);
    let other_login = CognitoSub::parse("sub-c").unwrap();
    revise(table, row, |u| {
        u.email = email("new@example.com");
        u.cognito_id = Some(other_login.clone());
    })
    .await
    .unwrap();
    let links = [
        "UNIQUE#COGNITO#sub-c / USER",
        "UNIQUE#EMAIL#b@example.com / USER",
        "UNIQUE#EMAIL#new@example.com / USER",
    ];
    assert_eq!(unique(&world), links);
    assert_eq!(found(table, "a@example.com").await, Vec::<String>::new());
    register(table, user("user_c", "a@example.com", Some("sub-a"))).await.unwrap();

    // Who read the user before the change would give up what is another's by now.
    let late = revise(table, stale, |u| u.email = email("late@example.com")).await.unwrap_err();
    assert_eq!(late.refused_by::<EmailLink>(), Some(&Because::Unmet));
    assert!(late.is_transient(), "the profile is stale, so whoever asked reads again");
    assert_eq!(found(table, "a@example.com").await, ["user_c"]);

    // Other capitals are the same address: no link moves.
    let row = stored(table, "user_b").await;
    revise(table, row, |u| u.email = email("B@EXAMPLE.com")).await.unwrap();
    assert_eq!(stored(table, "user_b").await.data.email, email("B@EXAMPLE.com"));
    assert_eq!(found(table, "b@example.com").await, ["user_b"]);
}
