//! Who can become what, where, as a picture: SVG of our own, and text for Graphviz and Mermaid. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Layout, Trust};

mod svg;

pub use svg::svg;

/// Groups, roles and accounts, and the arrows between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Name, and how many users it has.
    pub groups: Vec<(String, usize)>,
    /// Name, and what is special about its trust.
    pub roles: Vec<(String, String)>,
    /// Name and id; the bastion account is among them when it has roles.
    pub accounts: Vec<(String, String)>,
    /// From a group to a role, by index: in how many of the role's accounts, if not in all.
    pub assume: Vec<(usize, usize, Option<usize>)>,
    /// From a role to an account, by index.
    pub lives_in: Vec<(usize, usize)>,
}

/// The layout as a graph, in the file's order.
pub fn graph(layout: &Layout) -> Graph {
    let mut graph = Graph::default();
    for group in &layout.groups {
        let members = layout
            .users
            .iter()
            .filter(|user| user.groups.contains(&group.name));
        graph.groups.push((group.name.clone(), members.count()));
    }
    let inhabited: BTreeSet<&String> = layout
        .roles
        .iter()
        .flat_map(|role| &role.accounts)
        .collect();
    for account in layout
        .all_accounts()
        .filter(|it| inhabited.contains(&it.name))
    {
        graph
            .accounts
            .push((account.name.clone(), account.id.clone()));
    }
    for (index, role) in layout.roles.iter().enumerate() {
        let note = match &role.trust {
            Trust::Bastion {
                mfa_max_age: Some(seconds),
                ..
            } => format!("MFA within {} min", seconds / 60),
            Trust::Bastion { .. } => "MFA".to_owned(),
            Trust::ThirdParty { account, .. } => format!("for account {account}"),
        };
        graph.roles.push((role.name.clone(), note));
        for (at, (name, _)) in graph.accounts.iter().enumerate() {
            if role.accounts.contains(name) {
                graph.lives_in.push((index, at));
            }
        }
        for (from, group) in layout.groups.iter().enumerate() {
            let count = group
                .assume
                .iter()
                .filter(|it| it.role == role.name)
                .count();
            if count > 0 {
                let some = (count < role.accounts.len()).then_some(count);
                graph.assume.push((from, index, some));
            }
        }
    }
    graph
}

/// For Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph bastion {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    for (index, (name, members)) in graph.groups.iter().enumerate() {
        let label = format!("{}\\n{}", quoted(name), people(*members));
        let _ = writeln!(out, "  g{index} [label=\"{label}\", shape=ellipse];");
    }
    for (index, (name, note)) in graph.roles.iter().enumerate() {
        let _ = writeln!(
            out,
            "  r{index} [label=\"{}\\n{}\"];",
            quoted(name),
            quoted(note)
        );
    }
    for (index, (name, id)) in graph.accounts.iter().enumerate() {
        let _ = writeln!(
            out,
            "  a{index} [label=\"{}\\n{id}\", shape=folder];",
            quoted(name)
        );
    }
    for (from, to, some) in &graph.assume {
        let label = some
            .map(|count| format!(" [label=\"in {count}\"]"))
            .unwrap_or_default();
        let _ = writeln!(out, "  g{from} -> r{to}{label};");
    }
    for (from, to) in &graph.lives_in {
        let _ = writeln!(out, "  r{from} -> a{to} [arrowhead=none];");
    }
    out + "}\n"
}

/// For Markdown that understands Mermaid.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    let quoted = |text: &str| {
        let text = text.replace('&', "&amp;").replace('"', "&quot;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    };
    for (index, (name, members)) in graph.groups.iter().enumerate() {
        let _ = writeln!(
            out,
            "  g{index}([\"{}<br/>{}\"])",
            quoted(name),
            people(*members)
        );
    }
    for (index, (name, note)) in graph.roles.iter().enumerate() {
        let _ = writeln!(out, "  r{index}[\"{}<br/>{}\"]", quoted(name), quoted(note));
    }
    for (index, (name, id)) in graph.accounts.iter().enumerate() {
        let _ = writeln!(out, "  a{index}[(\"{}<br/>{id}\")]", quoted(name));
    }
    for (from, to, some) in &graph.assume {
        let label = some
            .map(|count| format!("|in {count}|"))
            .unwrap_or_default();
        let _ = writeln!(out, "  g{from} -->{label} r{to}");
    }
    for (from, to) in &graph.lives_in {
        let _ = writeln!(out, "  r{from} --- a{to}");
    }
    out
}

fn people(count: usize) -> String {
    match count {
        1 => "1 user".to_owned(),
        count => format!("{count} users"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bastion::file;

    pub fn layout(accounts: usize) -> Layout {
        let mut text = String::from("[bastion]\naccount = \"111122223333\"\n");
        for n in 0..accounts {
            let _ = write!(text, "[accounts.\"Account & <{n}>\"]\nid = \"9{n:011}\"\n");
        }
        text += "[roles.DeveloperRole]\naccounts = [\"*\"]\n[roles.IAMRole]\naccounts = [\"Bastion\"]\nmfa_max_age = \"1h\"\n\
                 [roles.Auditor]\naccounts = [\"*\"]\nthird_party = { account = \"999988887777\", external_id = \"4711\" }\n\
                 [groups.Developers]\nassume = [\"DeveloperRole\"]\n[groups.IT]\nassume = [\"IAMRole\", \"DeveloperRole@Account & <0>\"]\n\
                 [users.elmerfudd]\ngroups = [\"Developers\"]\n";
        file::parse(Path::new("x"), &text, &|_| Ok(String::new())).unwrap()
    }

    #[test]
    fn arrows() {
        let graph = graph(&layout(2));
        assert_eq!(graph.groups, [("Developers".into(), 1), ("IT".into(), 0)]);
        let roles: Vec<&str> = graph.roles.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(roles, ["Auditor", "DeveloperRole", "IAMRole"]);
        assert_eq!(graph.assume, [(0, 1, None), (1, 1, Some(1)), (1, 2, None)]);
        assert_eq!(graph.lives_in, [(0, 1), (0, 2), (1, 1), (1, 2), (2, 0)]);
        assert!(mermaid(&graph).contains("g1 -->|in 1| r1"));
        assert!(mermaid(&graph).contains("Account &amp; &lt;0&gt;"));
        assert!(dot(&graph).contains("g0 [label=\"Developers\\n1 user\", shape=ellipse];"));
    }

    #[test]
    fn the_picture_is_xml_and_grows_with_the_accounts() {
        let (small, large) = (svg(&graph(&layout(2))), svg(&graph(&layout(50))));
        assert!(small.contains("Account &amp; &lt;0&gt;") && small.len() < large.len());
        assert_eq!(large.matches("class=\"account\"").count(), 51);
        // Lines to follow while they are few, a table afterwards: each role's name once more, above its marks.
        assert_eq!(small.matches("<path").count(), 3 + 5);
        assert_eq!(large.matches("<path").count(), 3);
        assert_eq!(large.matches(">DeveloperRole<").count(), 2);
        assert!(large.contains("MFA, in 50"), "{large}");
    }
}
