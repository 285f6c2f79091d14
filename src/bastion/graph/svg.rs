//! Three columns: groups, roles, accounts. Each role has a colour and a mark of its own; an account is one line of text behind a
//! mark for each of its roles. A few lines from roles to accounts can be followed with the eye; where there are more, the marks
//! stand in columns with the roles' names above.

use std::fmt::Write as _;

use super::{Graph, people};

/// Sizes in pixels.
const MARGIN: usize = 24;
const HEAD: usize = 56;
/// With names above the columns of marks.
const HIGH_HEAD: usize = 172;
const BOX_HEIGHT: usize = 46;
const BOX_GAP: usize = 18;
const BOX_WIDTH: usize = 240;
const COLUMN_GAP: usize = 160;
const ROW: usize = 26;
const NAME_WIDTH: usize = 236;
const ACCOUNT_WIDTH: usize = NAME_WIDTH + 120;
const MARK: usize = 14;
/// More lines than this between roles and accounts are a hedge.
const MOST_LINES: usize = 24;

/// Told apart by people who see no red or no green, too (Okabe and Ito).
const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a07000", "#3a9bd0", "#555555",
];

struct Canvas {
    lines: String,
    shapes: String,
}

/// The whole picture, in one file without scripts, fonts or links.
pub fn svg(graph: &Graph) -> String {
    let is_table = graph.lives_in.len() > MOST_LINES;
    let head = if is_table { HIGH_HEAD } else { HEAD };
    let rows = graph.accounts.len() * ROW;
    let boxes = |count: usize| count * (BOX_HEIGHT + BOX_GAP);
    let height = [rows, boxes(graph.groups.len()), boxes(graph.roles.len())];
    let inner = height.into_iter().max().unwrap_or(0);
    let columns = [
        MARGIN,
        MARGIN + BOX_WIDTH + COLUMN_GAP,
        MARGIN + 2 * (BOX_WIDTH + COLUMN_GAP),
    ];
    let width = columns[2] + graph.roles.len() * MARK + ACCOUNT_WIDTH + MARGIN;
    let height = head + inner + MARGIN;
    let mut canvas = Canvas {
        lines: String::new(),
        shapes: String::new(),
    };
    let box_y = |index: usize, count: usize| {
        let free = inner.saturating_sub(boxes(count));
        head + free / 2 + index * (BOX_HEIGHT + BOX_GAP)
    };
    let account_y = |index: usize| head + (inner - rows) / 2 + index * ROW;
    for (x, title) in columns
        .into_iter()
        .zip(["Groups", "may become", "in accounts"])
    {
        canvas.text(x, MARGIN + 8, "title", title);
    }
    for (index, (name, members)) in graph.groups.iter().enumerate() {
        let y = box_y(index, graph.groups.len());
        canvas.labelled(
            columns[0],
            y,
            "group",
            "#ffffff",
            "#333333",
            name,
            &people(*members),
        );
    }
    for (index, (name, note)) in graph.roles.iter().enumerate() {
        let y = box_y(index, graph.roles.len());
        let count = graph.lives_in.iter().filter(|(role, _)| *role == index);
        let note = if is_table {
            format!("{note}, in {}", count.count())
        } else {
            note.clone()
        };
        canvas.labelled(columns[1], y, "role", "#ffffff", color(index), name, &note);
        canvas.mark(columns[1] + BOX_WIDTH - 14, y + 14, index);
        if is_table {
            let x = columns[2] + index * MARK;
            canvas.column_head(x, account_y(0) - 8, color(index), name);
        }
    }
    for (index, (name, id)) in graph.accounts.iter().enumerate() {
        if is_table && index % 2 == 1 {
            canvas.stripe(columns[2] - 10, account_y(index), width - columns[2]);
        }
        let roles: Vec<usize> = graph
            .lives_in
            .iter()
            .filter(|(_, at)| *at == index)
            .map(|(role, _)| *role)
            .collect();
        canvas.account(
            columns[2],
            account_y(index),
            name,
            id,
            &roles,
            graph.roles.len(),
        );
    }
    for (from, to, some) in &graph.assume {
        let start = (
            columns[0] + BOX_WIDTH,
            box_y(*from, graph.groups.len()) + BOX_HEIGHT / 2,
        );
        let end = (columns[1], box_y(*to, graph.roles.len()) + BOX_HEIGHT / 2);
        canvas.curve(start, end, color(*to), 2.0);
        if let Some(count) = some {
            let x = usize::midpoint(start.0, end.0);
            let y = usize::midpoint(start.1, end.1);
            let text = format!("in {count} of them");
            canvas.coloured(x, y - 4, color(*to), &text);
        }
    }
    let lines = graph.lives_in.iter().filter(|_| !is_table);
    for (role, account) in lines {
        let start = (
            columns[1] + BOX_WIDTH,
            box_y(*role, graph.roles.len()) + BOX_HEIGHT / 2,
        );
        let end = (columns[2] - 8, account_y(*account) + ROW / 2);
        canvas.curve(start, end, color(*role), 1.0);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Who may become what, in which account\">\n\
         <style>text{{font:14px sans-serif;fill:#222}}.title{{font-weight:bold;fill:#666}}.note{{font-size:12px;fill:#666;paint-order:stroke;stroke:#fff;stroke-width:3px}}\
         .name{{font-weight:bold}}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}{}</svg>\n",
        canvas.lines, canvas.shapes
    )
}

fn color(role: usize) -> &'static str {
    COLORS[role % COLORS.len()]
}

impl Canvas {
    fn text(&mut self, x: usize, y: usize, class: &str, text: &str) {
        let _ = writeln!(
            self.shapes,
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>",
            escaped(text)
        );
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a box has a place, colours and two texts"
    )]
    fn labelled(
        &mut self,
        x: usize,
        y: usize,
        class: &str,
        fill: &str,
        stroke: &str,
        name: &str,
        note: &str,
    ) {
        let _ = writeln!(
            self.shapes,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"8\" fill=\"{fill}\" \
             stroke=\"{stroke}\" stroke-width=\"2\"/>"
        );
        self.text(x + 12, y + 20, "name", &shortened(name, 24));
        self.text(x + 12, y + 37, "note", &shortened(note, 32));
    }

    fn account(
        &mut self,
        x: usize,
        y: usize,
        name: &str,
        id: &str,
        roles: &[usize],
        columns: usize,
    ) {
        let middle = y + ROW / 2;
        let _ = writeln!(self.shapes, "<g class=\"account\">");
        for role in roles {
            self.mark(x + role * MARK, middle, *role);
        }
        let x = x + columns * MARK + 4;
        self.text(x, middle + 5, "account-name", &shortened(name, 30));
        self.text(x + NAME_WIDTH, middle + 5, "note", id);
        self.shapes.push_str("</g>\n");
    }

    /// Colours come again after seven roles, with another shape.
    fn mark(&mut self, x: usize, y: usize, role: usize) {
        let fill = color(role);
        let shape = match role / COLORS.len() {
            0 => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"{fill}\"/>"),
            1 => format!(
                "<rect x=\"{}\" y=\"{}\" width=\"9\" height=\"9\" fill=\"{fill}\"/>",
                x - 4,
                y - 4
            ),
            _ => format!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"3\"/>"
            ),
        };
        let _ = writeln!(self.shapes, "{shape}");
    }

    fn coloured(&mut self, x: usize, y: usize, color: &str, text: &str) {
        let _ = writeln!(
            self.shapes,
            "<text x=\"{x}\" y=\"{y}\" class=\"note\" style=\"fill:{color}\">{}</text>",
            escaped(text)
        );
    }

    fn column_head(&mut self, x: usize, y: usize, color: &str, text: &str) {
        let _ = writeln!(
            self.shapes,
            "<text x=\"{x}\" y=\"{y}\" class=\"note\" style=\"fill:{color}\" transform=\"rotate(-55 {x} {y})\">{}</text>",
            escaped(&shortened(text, 20))
        );
    }

    fn stripe(&mut self, x: usize, y: usize, width: usize) {
        let _ = writeln!(
            self.lines,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" fill=\"#f4f4f4\"/>"
        );
    }

    fn curve(&mut self, from: (usize, usize), to: (usize, usize), color: &str, width: f32) {
        let bend = (to.0 - from.0) / 2;
        let _ = writeln!(
            self.lines,
            "<path d=\"M{} {} C{} {} {} {} {} {}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" opacity=\"0.7\"/>",
            from.0,
            from.1,
            from.0 + bend,
            from.1,
            to.0 - bend,
            to.1,
            to.0,
            to.1
        );
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    kept + "…"
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
