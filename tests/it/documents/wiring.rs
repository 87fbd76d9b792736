//! What the template wires together beside routes: the stream, the bus, queues, schedules and alarms.

use std::collections::BTreeSet;

use nots_core::{
    BookingId, Timestamp,
    announce::{Alert, RefundOwed},
    entity::notice,
    event::{self, BookingEvent, EventKind},
    table::Version,
};
use serde_json::Value;
use yaml_rust2::Yaml;

use super::{
    source,
    template::{Template, pascal, several, text},
};

#[test]
fn a_bad_record_is_reported_kept_and_replayable() {
    let template = Template::read();
    let properties = |name: &str| &template.resource(name)["Properties"];
    let relay = properties("EventsRelayTrigger");
    assert_eq!(several(&relay["FunctionResponseTypes"]), ["ReportBatchItemFailures"]);
    assert_eq!(relay["BisectBatchOnFunctionError"].as_bool(), Some(true));
    assert!(relay["MaximumRetryAttempts"].as_i64().is_some_and(|most| most > 0));
    assert_eq!(text(&relay["DestinationConfig"]["OnFailure"]["Destination"]), "EventsRelayFailureQueue.Arn");

    let functions = template.functions();
    for (function, trigger, queue) in [
        ("notifications-send", "NotificationsSendTrigger", "Notifications"),
        ("payments-settle", "PaymentsSettleTrigger", "Refunds"),
    ] {
        let trigger = properties(trigger);
        assert_eq!(several(&trigger["FunctionResponseTypes"]), ["ReportBatchItemFailures"], "{function}");
        assert_eq!(text(&trigger["EventSourceArn"]), format!("{queue}Queue.Arn"));
        let (dead, queue) = (format!("{queue}DeadLetterQueue.Arn"), properties(&format!("{queue}Queue")));
        assert_eq!(text(&queue["RedrivePolicy"]["deadLetterTargetArn"]), dead);
        let invisible = queue["VisibilityTimeout"].as_i64().unwrap();
        let may_run = functions[function]["Timeout"].as_i64().unwrap();
        assert!(invisible >= 6 * may_run, "{function}: as AWS advises");
    }
    // A claim outlives whoever made it, and a message does not come back to a claim that still holds.
    let invisible = properties("NotificationsQueue")["VisibilityTimeout"].as_i64().unwrap();
    let may_run = functions["notifications-send"]["Timeout"].as_i64().unwrap();
    assert!(may_run < i64::from(notice::LEASE) && i64::from(notice::LEASE) <= invisible);
}

#[test]
fn the_stream_and_the_bus_hand_on_what_is_announced() {
    let template = Template::read();
    // Everything that is read in the stream is in the trigger's filter.
    let code = source("crates/nots-core/src/announce.rs");
    let read: BTreeSet<_> =
        code.split("is(").skip(1).filter_map(|rest| rest.split("::TYPE)").next()).collect();
    let read = read.into_iter().filter(|name| name.chars().all(char::is_alphanumeric));
    let filter = &template.resource("EventsRelayTrigger")["Properties"]["FilterCriteria"]["Filters"][0];
    let filter: Value = serde_json::from_str(&text(&filter["Pattern"])).unwrap();
    let mut passed: Vec<_> = filter["dynamodb"]["NewImage"]["EntityType"]["S"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    passed.sort_unstable();
    assert_eq!(read.collect::<Vec<_>>(), passed);

    // Each announcement goes to one place, and what it goes to lets it in.
    let prefix = |rule: &str| {
        let of = &template.resource(rule)["Properties"]["EventPattern"];
        assert_eq!(several(&of["source"]), [event::SOURCE]);
        of["detail-type"][0]["prefix"].as_str().map(str::to_owned)
    };
    let named = |rule: &str| several(&template.resource(rule)["Properties"]["EventPattern"]["detail-type"]);
    let told = prefix("NotificationsRule").unwrap();
    for kind in EventKind::ALL {
        let of = BookingEvent {
            booking_id: BookingId::parse("booking_1").unwrap(),
            event: kind,
            version: Version::new(1),
            at: Timestamp::new(1_733_738_400).unwrap(),
        };
        assert!(of.detail_type().starts_with(&told), "{}", of.detail_type());
    }
    for (rule, kind, to, policy) in [
        ("RefundsRule", RefundOwed::DETAIL_TYPE, "RefundsQueue.Arn", "RefundsQueuePolicy"),
        ("AlertsRule", Alert::DETAIL_TYPE, "AlarmTopic", "AlarmTopicPolicy"),
    ] {
        assert_eq!((prefix(rule), named(rule)), (None, vec![kind.to_owned()]));
        assert!(!kind.starts_with(&told), "the rule of notifications takes {kind} too");
        let target = &template.resource(rule)["Properties"]["Targets"][0];
        assert_eq!(text(&target["Arn"]), to);
        assert!(target["DeadLetterConfig"]["Arn"].as_str().is_some(), "{rule}");
        let statements = template.resource(policy)["Properties"]["PolicyDocument"]["Statement"].as_vec();
        let lets = statements.into_iter().flatten().any(|statement| {
            statement["Principal"]["Service"].as_str() == Some("events.amazonaws.com")
                && text(&statement["Resource"]) == to
                && text(&statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == format!("{rule}.Arn")
        });
        assert!(lets, "{policy}");
    }
    let statements = &template.resource("AlarmTopicPolicy")["Properties"]["PolicyDocument"]["Statement"];
    let alarms = |of: &Yaml| of["Principal"]["Service"].as_str() == Some("cloudwatch.amazonaws.com");
    assert!(statements.as_vec().unwrap().iter().any(alarms), "the topic's own policy would keep alarms out");

    let sweep = &template.resource("PaymentsSweepSchedule")["Properties"];
    assert_eq!(text(&sweep["ScheduleExpression"]), "rate(1 minute)");
    assert_eq!(text(&sweep["Targets"][0]["Arn"]), "PaymentsSweepFunction.Arn");
    assert_eq!(sweep["Targets"][0]["RetryPolicy"]["MaximumRetryAttempts"].as_i64(), Some(0));
    let again = &template.resource("PaymentsSweepInvocations")["Properties"]["MaximumRetryAttempts"];
    assert_eq!(again.as_i64(), Some(0));
    assert!(template.functions()["payments-sweep"]["Timeout"].as_i64().unwrap() < 60, "one at a time");

    let daily = &template.resource("PaymentsReconcileSchedule")["Properties"];
    assert!(text(&daily["ScheduleExpression"]).starts_with("cron("), "once a day");
    assert_eq!(text(&daily["Targets"][0]["Arn"]), "PaymentsReconcileFunction.Arn");
}

#[test]
fn every_function_and_every_queue_of_dead_letters_has_an_alarm() {
    let template = Template::read();
    for (function, properties) in template.functions() {
        let id = text(&properties["CodeUri"]);
        assert!(id.contains(&function));
        let alarm = format!("{}ErrorsAlarm", pascal(&function));
        let watched = function == "authorizer" || template.has(&alarm);
        assert!(watched, "{alarm}");
    }
    for queue in ["Notifications", "Refunds", "Alerts"] {
        let alarm = &template.resource(&format!("{queue}DeadLettersAlarm"))["Properties"];
        let watched = text(&alarm["Dimensions"][0]["Value"]);
        assert_eq!(watched, format!("{queue}DeadLetterQueue.QueueName"));
    }
}
