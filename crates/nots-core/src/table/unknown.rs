//! What an item has that this code does not know: kept aside when it is read, put back when it is written.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;

use super::stored::Item;

/// What was found of a value beyond what this code reads and would write of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beyond {
    /// All of it: a name that this code does not know.
    Whole(AttributeValue),
    /// Names within a map.
    Within(HashMap<String, Beyond>),
    /// Of each element of a list: what this code writes of it, and what is beyond.
    Among(Vec<(AttributeValue, Option<Beyond>)>),
}

/// What `found` has and `known` has not, within maps and lists too.
pub(super) fn beyond(found: Item, known: &Item) -> HashMap<String, Beyond> {
    found
        .into_iter()
        .filter_map(|(name, value)| {
            let rest = match known.get(&name) {
                None => Some(Beyond::Whole(value)),
                Some(known) => beyond_value(value, known),
            };
            Some((name, rest?))
        })
        .collect()
}

fn beyond_value(found: AttributeValue, known: &AttributeValue) -> Option<Beyond> {
    match (found, known) {
        (AttributeValue::M(found), AttributeValue::M(known)) => {
            let rest = beyond(found, known);
            (!rest.is_empty()).then_some(Beyond::Within(rest))
        }
        (AttributeValue::L(found), AttributeValue::L(known)) if found.len() == known.len() => {
            let elements: Vec<_> = found
                .into_iter()
                .zip(known)
                .map(|(found, known)| (known.clone(), beyond_value(found, known)))
                .collect();
            elements.iter().any(|(_, rest)| rest.is_some()).then_some(Beyond::Among(elements))
        }
        _ => None,
    }
}

/// Puts what was beyond back beside what is there now; what is there wins, and where a map that held some of it is
/// gone, that is gone with it.
pub(super) fn overlay(onto: &mut Item, rest: &HashMap<String, Beyond>) {
    for (name, rest) in rest {
        match (onto.get_mut(name), rest) {
            (Some(value), rest) => overlay_value(value, rest),
            (None, Beyond::Whole(value)) => {
                onto.insert(name.clone(), value.clone());
            }
            (None, Beyond::Within(_) | Beyond::Among(_)) => {}
        }
    }
}

fn overlay_value(onto: &mut AttributeValue, rest: &Beyond) {
    match (onto, rest) {
        (AttributeValue::M(onto), Beyond::Within(rest)) => overlay(onto, rest),
        (AttributeValue::L(onto), Beyond::Among(before)) => overlay_elements(onto, before),
        _ => {}
    }
}

/// An element is the one from before that it equals, wherever that stood. In a list as long as it was, the one that
/// stands where it stood goes first among equals, and what is left over is matched by place: it was changed there.
fn overlay_elements(onto: &mut [AttributeValue], before: &[(AttributeValue, Option<Beyond>)]) {
    let mut taken = vec![false; before.len()];
    let mut of: Vec<Option<usize>> = vec![None; onto.len()];
    let mut take = |slot: &mut Option<usize>, place: usize| {
        if let Some(free) = taken.get_mut(place).filter(|taken| !**taken) {
            *free = true;
            *slot = Some(place);
        }
    };
    let as_long = onto.len() == before.len();
    for (place, (element, slot)) in onto.iter().zip(&mut of).enumerate() {
        if as_long && before.get(place).is_some_and(|(known, _)| known == element) {
            take(slot, place);
        }
    }
    for (element, slot) in onto.iter().zip(&mut of) {
        for (place, (known, _)) in before.iter().enumerate() {
            if slot.is_none() && known == element {
                take(slot, place);
            }
        }
    }
    if as_long {
        for (place, slot) in of.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            take(slot, place);
        }
    }
    for (element, slot) in onto.iter_mut().zip(of) {
        if let Some((_, Some(rest))) = slot.and_then(|place| before.get(place)) {
            overlay_value(element, rest);
        }
    }
}
