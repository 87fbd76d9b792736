//! `PUT /v1/tariff`: the next version of the tariff, in force at once or from a moment to come. No version ever changes.

use std::sync::Arc;

use nots_core::{
    Actor, Timestamp, access,
    entity::{
        Tariff,
        tariff::{CheckedTerms, Fault, TariffHead},
    },
    ports::{Clock, Ids, Table},
    retry,
    table::{Because, Stored, Version, WriteError},
};
use nots_http::{
    Access, Endpoint, FieldError, Method, Problem, Request, Response, Route, StatusCode, parse_judged, roles,
    tariff::{self, TariffBody},
    view,
};

/// Publishes tariffs.
pub struct TariffPut {
    /// Tariffs.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

/// What is to be published, and by whom.
struct Asked {
    terms: CheckedTerms,
    effective_from: Option<Timestamp>,
    by: Actor,
}

impl Endpoint for TariffPut {
    const ROUTE: Route = Route {
        method: Method::Put,
        path: "/tariff",
        function: "tariff-put",
        access: Access::Roles(roles::OWNER),
    };
    const MOST_BYTES: usize = tariff::MAX_TARIFF_BYTES;

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let (_, by) = request.caller()?.as_user()?;
        request.query().finish()?;
        let (asked, late) = read(&request, by, self.clock.now())?;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let now = self.clock.now();
            let head = self.table.read(access::tariff_head()).await?;
            if let Some(published) = self.published(&asked, head.as_ref(), now).await? {
                return view::tariff(StatusCode::OK, &published, head.as_ref());
            }
            if let Some(late) = late {
                return Err(Problem::invalid(vec![late]));
            }
            let uncounted = if head.is_none() { self.uncounted().await? } else { 0 };
            let latest = head.as_ref().map_or(uncounted, |head| head.data.latest_version);
            request.unless_stale(Version::new(u64::from(latest)))?;
            let from = asked.effective_from.unwrap_or(now);
            let next = Tariff::publish(head, uncounted, asked.terms.clone(), from, asked.by.clone(), now);
            match self.table.commit(next.transaction).await {
                Ok(()) => return view::tariff(StatusCode::CREATED, &next.tariff, None),
                Err(error) if error.is_transient() || first_of_two(&error) => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::unavailable))
    }
}

/// What is asked for, and what is wrong with its time: whoever sends again after a lost answer may be late by now, and is
/// judged by whether it has been published first.
fn read(request: &Request, by: Actor, now: Timestamp) -> Result<(Asked, Option<FieldError>), Problem> {
    let mut late = None;
    let body: TariffBody = parse_judged(&request.body, |body, unfit| {
        let mut faults = tariff::faults(body, "", unfit);
        late = tariff::time_fault(body, "", now);
        if !unfit.is_empty() || !faults.is_empty() {
            faults.extend(late.take());
        }
        faults
    })?;
    let effective_from = body.effective_from(now);
    let told = |Fault { pointer, detail }: Fault| FieldError::at(pointer, detail);
    let terms = body.into_terms().check();
    let terms = terms.map_err(|faults| Problem::invalid(faults.into_iter().map(told).collect()))?;
    Ok((Asked { terms, effective_from, by }, late))
}

/// Whether somebody else published the very first version meanwhile.
fn first_of_two(error: &WriteError) -> bool {
    error.refused_by::<TariffHead>() == Some(&Because::Exists)
}

impl TariffPut {
    /// The highest version of those from before they were counted; there were few, all put in by hand.
    async fn uncounted(&self) -> Result<u32, Problem> {
        let page = self.table.page(&access::tariff_versions(), 100, None).await?;
        Ok(page.rows.iter().map(|row| row.data.version).max().unwrap_or(0))
    }

    /// The newest version, when it is what is asked for: the same terms from the same moment on, by the same owner. What
    /// is to count at once does so already when it is both the newest and in force.
    async fn published(
        &self,
        asked: &Asked,
        head: Option<&Stored<TariffHead>>,
        now: Timestamp,
    ) -> Result<Option<Stored<Tariff>>, Problem> {
        let Some(head) = head else { return Ok(None) };
        let newest = head.data.latest();
        let candidate = match asked.effective_from {
            Some(from) if from == head.data.latest_effective_from => {
                self.table.read(access::tariff(newest)).await?
            }
            Some(_) => None,
            None => {
                let page = self.table.page(&access::tariff_in_force(now), 1, None).await?;
                page.rows.into_iter().next().filter(|row| row.data.key() == newest)
            }
        };
        let same =
            |row: &Stored<Tariff>| row.data.terms == *asked.terms.get() && row.meta.updated_by == asked.by;
        Ok(candidate.filter(same))
    }
}
