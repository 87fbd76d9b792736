//! What cancelling costs, as it is sent.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use nots_core::{
    Pence,
    entity::tariff::{CancellationPolicy, CancellationRow, Fee},
};

use super::Given;
use crate::{InvalidBody, Wire};

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct CancellationBody {
    rows: Vec<RowBody>,
    no_show: FeeBody,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct RowBody {
    hours_before: Wire<u32>,
    fee: FeeBody,
}

struct FeeBody(Fee);

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct FeeFields {
    #[deserr(default)]
    fixed: Given<Pence>,
    #[deserr(default)]
    percent_basis_points: Given<u32>,
}

impl Deserr<InvalidBody> for FeeBody {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let fields = FeeFields::deserialize_from_value(value, at)?;
        match (fields.fixed.0, fields.percent_basis_points.0) {
            (Some(pence), None) => Ok(Self(Fee::Fixed(pence))),
            (None, Some(share)) => Ok(Self(Fee::Percent(share))),
            _ => Err(InvalidBody::unexpected::<V>("must have either fixed or percentBasisPoints", at)),
        }
    }
}

impl From<CancellationBody> for CancellationPolicy {
    fn from(of: CancellationBody) -> Self {
        let row = |row: RowBody| CancellationRow { hours_before: row.hours_before.0, fee: row.fee.0 };
        Self { rows: of.rows.into_iter().map(row).collect(), no_show: of.no_show.0 }
    }
}
