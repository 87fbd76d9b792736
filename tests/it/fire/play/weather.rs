//! What goes wrong, and how time passes.

use serde_json::{Value, json};

use super::Play;

impl Play {
    /// Time passes; what waits in a queue is tried again every minute of it, so that nothing waits for a day.
    pub(super) async fn wait(&mut self, seconds: u32) {
        self.steps.push(format!("{seconds} seconds pass"));
        let (mut left, mut minutes) = (seconds, 0);
        while left > 0 {
            minutes += 1;
            let tried_again = minutes < 20 && self.world.platform.bus.waiting() > 0;
            let on = if tried_again { left.min(61) } else { left };
            self.world.platform.advance(on).await.unwrap();
            left -= on;
        }
    }

    pub(super) async fn fault(&mut self) {
        let some = u32::try_from(1 + self.dice.roll(4)).unwrap();
        let body = match self.dice.roll(9) {
            0 => json!({ "failNext": some }),
            1 => json!({ "loseNext": some }),
            2 => json!({ "rateLimitNext": some }),
            3 => json!({ "declineNext": 1 }),
            4 => json!({ "failRefunds": some }),
            5 => json!({ "delayEventsSeconds": self.dice.one(&[20, 120, 1_500, 6_000]) }),
            6 => json!({ "repeatEvents": some }),
            7 => json!({ "reorderEvents": true }),
            _ => json!({ "reorderSeed": some }),
        };
        let answer = self.world.post("/local/stripe/faults", None, body.clone()).await;
        self.note(format!("from now on {body}"), &answer);
    }

    pub(super) async fn mend(&mut self) {
        let answer = self.world.delete("/local/stripe/faults", None, Value::Null).await;
        self.note("no faults any more".to_owned(), &answer);
    }

    /// No more faults, every page is over, and time passes until nothing is tried again.
    pub(in super::super) async fn settle_down(&mut self) {
        self.mend().await;
        self.wait(120).await;
        for page in self.slow.clone() {
            let does = self.dice.one(&["arrive", "bounce"]);
            self.at_the_card(&page, does).await;
        }
        for seconds in [400, 4_000, 22_000, 4_000] {
            self.wait(seconds).await;
        }
    }
}
