//! Areas on the map: what a tariff's zones are.

use serde::{Deserialize, Serialize};

use crate::geo::Coordinates;

/// A stretch of country.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase")]
pub enum Area {
    /// Everything within a distance of a point, along the great circle.
    #[serde(rename_all = "camelCase")]
    Circle {
        /// The middle.
        centre: Coordinates,
        /// Metres, the rim included.
        radius_meters: u32,
    },
    /// Everything inside a ring of points, joined by straight lines on the map of degrees; the last joins the first.
    Polygon {
        /// The corners, in order, either way round.
        points: Vec<Coordinates>,
    },
}

/// The most corners of a polygon.
pub const MAX_CORNERS: usize = 200;
/// The largest radius of a circle: further than any transfer goes.
pub const MAX_RADIUS_METRES: u32 = 500_000;

/// Why an area is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnArea {
    /// The radius is nothing, or absurd.
    #[error("must have a radius of 1 to {MAX_RADIUS_METRES} metres")]
    Radius,
    /// Too few corners for an inside, or too many to keep.
    #[error("must have 3 to {MAX_CORNERS} corners")]
    Corners,
    /// Lines cross, so that inside and outside are a matter of opinion.
    #[error("has lines that cross or corners that repeat")]
    Crosses,
}

impl NotAnArea {
    /// The member of the area as it is sent that is wrong.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::Radius => "radiusMeters",
            Self::Corners | Self::Crosses => "points",
        }
    }
}

impl Area {
    /// Whether a point lies in it.
    #[must_use]
    pub fn contains(&self, at: Coordinates) -> bool {
        match self {
            Self::Circle { centre, radius_meters } => centre.metres_to(at) <= f64::from(*radius_meters),
            Self::Polygon { points } => inside(points, at),
        }
    }

    /// Whether it has an inside that everybody agrees on.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), NotAnArea> {
        match self {
            Self::Circle { radius_meters: 1..=MAX_RADIUS_METRES, .. } => Ok(()),
            Self::Circle { .. } => Err(NotAnArea::Radius),
            Self::Polygon { points } if !(3..=MAX_CORNERS).contains(&points.len()) => Err(NotAnArea::Corners),
            Self::Polygon { points } if crosses(points) => Err(NotAnArea::Crosses),
            Self::Polygon { .. } => Ok(()),
        }
    }
}

type Point = (f64, f64);

fn point(at: Coordinates) -> Point {
    (at.longitude.into(), at.latitude.into())
}

/// Each side of the ring, from corner to corner.
fn sides(points: &[Coordinates]) -> impl Iterator<Item = (Point, Point)> + Clone + '_ {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| (point(*a), point(*b)))
}

/// Even-odd rule: a ray to the east crosses the ring an odd number of times. A point on a western or southern side is
/// inside and one on an eastern or northern side is not, so that of two areas that share a side exactly one has it.
fn inside(points: &[Coordinates], at: Coordinates) -> bool {
    let (x, y) = point(at);
    let crossed = |((ax, ay), (bx, by)): &(Point, Point)| {
        (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
    };
    sides(points).filter(crossed).count() % 2 == 1
}

/// Twice the area of the triangle, by its sign the side of `a → b` that `c` lies on.
fn turn((ax, ay): Point, (bx, by): Point, (cx, cy): Point) -> f64 {
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

fn crosses(points: &[Coordinates]) -> bool {
    let last = points.len().saturating_sub(1);
    sides(points).enumerate().any(|(i, (a, b))| {
        a == b
            || sides(points).enumerate().skip(i.saturating_add(1)).any(|(j, (c, d))| {
                let neighbours = j == i.saturating_add(1) || (i == 0 && j == last);
                if neighbours {
                    // They share one corner; they may not share more.
                    let (shared, before, after) = if b == c { (b, a, d) } else { (a, b, c) };
                    return turn(before, shared, after) == 0.0 && between(before, after, shared);
                }
                touch(a, b, c, d)
            })
    })
}

/// Whether two lines that leave `corner` for `a` and `b`, all on one line, run over one another.
fn between(a: Point, b: Point, corner: Point) -> bool {
    let (ax, ay, bx, by) = (a.0 - corner.0, a.1 - corner.1, b.0 - corner.0, b.1 - corner.1);
    ax * bx + ay * by > 0.0
}

fn touch(a: Point, b: Point, c: Point, d: Point) -> bool {
    let sides = |from, to, one, other| {
        let (p, q): (f64, f64) = (turn(from, to, one), turn(from, to, other));
        p * q <= 0.0
    };
    let boxed = |p: f64, q: f64, r: f64, s: f64| p.min(q) <= r.max(s) && r.min(s) <= p.max(q);
    boxed(a.0, b.0, c.0, d.0) && boxed(a.1, b.1, c.1, d.1) && sides(a, b, c, d) && sides(c, d, a, b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Coordinates {
        Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
    }

    fn ring(corners: &[(f64, f64)]) -> Area {
        Area::Polygon { points: corners.iter().map(|(lat, lon)| at(*lat, *lon)).collect() }
    }

    #[test]
    fn an_l_shape_has_its_notch_outside() {
        let l = ring(&[(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0)]);
        assert_eq!(l.check(), Ok(()));
        for (lat, lon, inside) in [
            (0.5, 0.5, true),
            (0.5, 1.5, true),
            (1.5, 0.5, true),
            (1.5, 1.5, false),
            (-0.1, 1.0, false),
            (0.5, 2.1, false),
        ] {
            assert_eq!(l.contains(at(lat, lon)), inside, "{lat} {lon}");
        }
    }

    #[test]
    fn what_is_no_area_is_refused() {
        assert_eq!(ring(&[(0.0, 0.0), (1.0, 1.0)]).check(), Err(NotAnArea::Corners));
        let bow_tie = ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]);
        assert_eq!(bow_tie.check(), Err(NotAnArea::Crosses));
        let repeated = ring(&[(0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]);
        assert_eq!(repeated.check(), Err(NotAnArea::Crosses));
        let flat = ring(&[(0.0, 0.0), (0.0, 2.0), (0.0, 1.0)]);
        assert_eq!(flat.check(), Err(NotAnArea::Crosses));
        let circle = |radius_meters| Area::Circle { centre: at(50.0, 0.0), radius_meters };
        assert_eq!(circle(0).check(), Err(NotAnArea::Radius));
        assert_eq!(circle(500_001).check(), Err(NotAnArea::Radius));
        assert!(circle(1_000).contains(at(50.0, 0.0)) && !circle(1_000).contains(at(50.01, 0.0)));
    }

    proptest! {
        /// Of two areas that share a side every point between them is in exactly one.
        #[test]
        fn neighbours_leave_no_gap_and_do_not_overlap(lat in 0.0..1.0f64, lon in 0.0..2.0f64, cut in 0.1..1.9f64) {
            let west = ring(&[(0.0, 0.0), (0.0, cut), (1.0, cut), (1.0, 0.0)]);
            let east = ring(&[(0.0, cut), (0.0, 2.0), (1.0, 2.0), (1.0, cut)]);
            let here = at(lat, lon);
            prop_assert!(west.contains(here) != east.contains(here));
        }
    }
}
