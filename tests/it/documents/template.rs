//! `template.yaml`, read for what the tests ask of it. CloudFormation's tags are dropped and what they are put to is kept:
//! `!GetAtt Table.Arn` reads `Table.Arn`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use yaml_rust2::{Yaml, YamlLoader};

use crate::events::root;

pub(super) struct Template(Yaml);

impl Template {
    pub(super) fn read() -> Self {
        let text = fs::read_to_string(root().join("template.yaml")).unwrap();
        Self(YamlLoader::load_from_str(&text).expect("YAML").remove(0))
    }

    pub(super) fn resource(&self, name: &str) -> &Yaml {
        let resource = &self.0["Resources"][name];
        assert!(!resource.is_badvalue(), "no resource {name}");
        resource
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !self.0["Resources"][name].is_badvalue()
    }

    /// Properties of each function, by the function's name.
    pub(super) fn functions(&self) -> BTreeMap<String, &Yaml> {
        let resources = self.0["Resources"].as_hash().expect("resources").iter();
        let functions = resources.filter(|(_, of)| of["Type"].as_str() == Some("AWS::Serverless::Function"));
        functions
            .map(|(id, of)| {
                let properties = &of["Properties"];
                let name = text(&properties["FunctionName"]);
                let name =
                    name.strip_prefix("nots-${Environment}-").expect("the name begins with the environment");
                assert_eq!(text(&properties["CodeUri"]), format!("target/lambda/{name}/"), "{name}");
                assert_eq!(text(id), format!("{}Function", pascal(name)), "{name}");
                (name.to_owned(), properties)
            })
            .collect()
    }

    /// Names and values of a function's environment, the common part included.
    pub(super) fn environment(&self, properties: &Yaml) -> BTreeMap<String, String> {
        let common = &self.0["Globals"]["Function"]["Environment"]["Variables"];
        let own = &properties["Environment"]["Variables"];
        let variables = common.as_hash().into_iter().chain(own.as_hash()).flatten();
        // `!If [condition, this, that]` reads as what stands where the condition holds.
        let said = |value: &Yaml| match value.as_vec().map(Vec::as_slice) {
            Some([_condition, this, _that]) => text(this),
            _ => value.as_str().unwrap_or_default().to_owned(),
        };
        variables.map(|(name, value)| (text(name), said(value))).collect()
    }
}

/// What a function's policy allows, each as `dynamodb:Query Table/index/GSI1`.
pub(super) fn allowed(properties: &Yaml) -> BTreeSet<String> {
    let policies = properties["Policies"].as_vec().into_iter().flatten();
    let statements = policies.flat_map(|policy| policy["Statement"].as_vec().expect("statements"));
    let mut all = BTreeSet::new();
    for statement in statements {
        assert_eq!(statement["Effect"].as_str(), Some("Allow"));
        let resources = if statement["Resource"].is_badvalue() {
            several(&statement["NotResource"]).iter().map(|name| format!("not {name}")).collect()
        } else {
            several(&statement["Resource"])
        };
        for action in several(&statement["Action"]) {
            all.extend(resources.iter().map(|resource| format!("{action} {}", plain(resource))));
        }
    }
    all
}

/// `${Table.Arn}/index/GSI1` and `Table.Arn` as `Table/index/GSI1` and `Table`.
fn plain(resource: &str) -> String {
    resource.replace("${", "").replace(".Arn}", "").replace(".Arn", "")
}

/// A text, or each of a list of texts.
pub(super) fn several(value: &Yaml) -> Vec<String> {
    match value.as_vec() {
        Some(all) => all.iter().map(text).collect(),
        None => vec![text(value)],
    }
}

pub(super) fn text(value: &Yaml) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value:?}")).to_owned()
}

/// `quotes-calculator` as `QuotesCalculator`.
pub(super) fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect()
}
