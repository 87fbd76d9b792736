//! The payment page, in place of Stripe's.

use nots_core::{Currency, Pence};

use super::state::{Session, Status};

/// The page of a session, after `done` (`pay`, `decline`, `expire`) if something was just done.
pub(super) fn of(session: &Session, done: Option<&str>) -> String {
    let asked = &session.asked;
    let amount = Pence::new(asked.amount).display(Currency::Gbp);
    let for_what = escape(&asked.names.join(", "));
    let stands = match (session.status, done) {
        (Status::Open, Some("decline")) => "The card was declined. You can try another one.".to_owned(),
        (Status::Open, _) => {
            format!("Nothing has been paid yet. You have until {}.", asked.expires_at.in_london())
        }
        (Status::Complete, _) if session.payment_status() != "paid" => match &session.intent {
            Some(intent) if intent.waits => "Thank you. Your money is on its way.".to_owned(),
            _ => "Your money did not come.".to_owned(),
        },
        (Status::Complete, _) => {
            let back = asked.success_url.replace("{CHECKOUT_SESSION_ID}", &session.id);
            format!("Paid, thank you. <a href=\"{}\">Back to the operator</a>", escape(&back))
        }
        (Status::Expired, _) => "This page has expired; nothing was charged.".to_owned(),
    };
    let mut body = format!("<h1>{amount}</h1>\n<p>{for_what}</p>\n<p class=\"stands\">{stands}</p>\n");
    if session.status == Status::Open {
        // Relative to the page would depend on a slash at its end, so each is spelt out from the root.
        for (action, words) in
            [("pay", "Pay"), ("decline", "Try a card that is declined"), ("expire", "Let the time run out")]
        {
            body.push_str(&format!(
                "<form method=\"post\" action=\"/local/stripe/checkout/{}/{action}\">\
                 <button class=\"{action}\">{words}</button></form>\n",
                escape(&session.id)
            ));
        }
        if let Some(back) = &asked.cancel_url {
            body.push_str(&format!("<p><a href=\"{}\">Not now</a></p>\n", escape(back)));
        }
    }
    document(&body)
}

/// A page that says one thing.
pub(super) fn saying(text: &str) -> String {
    document(&format!("<p class=\"stands\">{}</p>\n", escape(text)))
}

fn document(body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Payment (local)</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}}\
         h1{{font-size:2.5rem;margin:0}}.stands{{color:#444}}form{{margin:.5rem 0}}\
         button{{font:inherit;width:100%;padding:.6rem;border:1px solid #888;border-radius:.4rem;background:#fff}}\
         .pay{{background:#1a5fb4;border-color:#1a5fb4;color:#fff}}small{{color:#666}}</style>\n</head>\n<body>\n\
         {body}<p><small>A stand-in for Stripe on this machine. No card is asked for and no money moves.</small></p>\n\
         </body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
        escaped
    })
}
