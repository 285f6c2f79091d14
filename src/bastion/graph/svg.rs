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

#[derive(Default)]
struct Canvas {
    lines: String,
    shapes: String,
}

/// Where everything stands.
struct Frame<'a> {
    graph: &'a Graph,
    /// Marks in columns instead of lines.
    is_table: bool,
    head: usize,
    /// Height of what is below the head.
    inner: usize,
    /// Left edges of groups, roles and accounts.
    columns: [usize; 3],
    width: usize,
    height: usize,
}

/// The whole picture, in one file without scripts, fonts or links.
pub fn svg(graph: &Graph) -> String {
    let frame = Frame::new(graph);
    let mut canvas = Canvas::default();
    frame.boxes(&mut canvas);
    frame.accounts(&mut canvas);
    frame.arrows(&mut canvas);
    let Frame { width, height, .. } = frame;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Who may become what, in which account\">\n\
         <style>text{{font:14px sans-serif;fill:#222}}.title{{font-weight:bold;fill:#666}}.note{{font-size:12px;fill:#666;paint-order:stroke;stroke:#fff;stroke-width:3px}}\
         .name{{font-weight:bold}}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}{}</svg>\n",
        canvas.lines, canvas.shapes
    )
}

impl<'a> Frame<'a> {
    fn new(graph: &'a Graph) -> Self {
        let is_table = graph.lives_in.len() > MOST_LINES;
        let head = if is_table { HIGH_HEAD } else { HEAD };
        let inner = boxes(graph.groups.len())
            .max(boxes(graph.roles.len()))
            .max(graph.accounts.len() * ROW);
        let columns = [0, 1, 2].map(|column| MARGIN + column * (BOX_WIDTH + COLUMN_GAP));
        Self {
            graph,
            is_table,
            head,
            inner,
            columns,
            width: columns[2] + graph.roles.len() * MARK + ACCOUNT_WIDTH + MARGIN,
            height: head + inner + MARGIN,
        }
    }

    /// Top of a box, of so many.
    fn box_y(&self, index: usize, count: usize) -> usize {
        let free = self.inner.saturating_sub(boxes(count));
        self.head + free / 2 + index * (BOX_HEIGHT + BOX_GAP)
    }

    fn group_y(&self, index: usize) -> usize {
        self.box_y(index, self.graph.groups.len())
    }

    fn role_y(&self, index: usize) -> usize {
        self.box_y(index, self.graph.roles.len())
    }

    fn account_y(&self, index: usize) -> usize {
        let rows = self.graph.accounts.len() * ROW;
        self.head + (self.inner - rows) / 2 + index * ROW
    }

    fn boxes(&self, canvas: &mut Canvas) {
        let titles = ["Groups", "may become", "in accounts"];
        for (x, title) in self.columns.into_iter().zip(titles) {
            canvas.text(x, MARGIN + 8, "title", title);
        }
        for (index, (name, members)) in self.graph.groups.iter().enumerate() {
            let place = (self.columns[0], self.group_y(index));
            canvas.labelled(place, "group", "#333333", [name, &people(*members)]);
        }
        for (index, (name, note)) in self.graph.roles.iter().enumerate() {
            let (x, y) = (self.columns[1], self.role_y(index));
            let lives_in = self.graph.lives_in.iter();
            let count = lives_in.filter(|(role, _)| *role == index).count();
            let note = if self.is_table {
                format!("{note}, in {count}")
            } else {
                note.clone()
            };
            canvas.labelled((x, y), "role", color(index), [name, &note]);
            canvas.mark(x + BOX_WIDTH - 14, y + 14, index);
        }
    }

    fn accounts(&self, canvas: &mut Canvas) {
        let x = self.columns[2];
        if self.is_table {
            for (index, (name, _)) in self.graph.roles.iter().enumerate() {
                canvas.column_head(x + index * MARK, self.account_y(0) - 8, color(index), name);
            }
        }
        for (index, (name, id)) in self.graph.accounts.iter().enumerate() {
            let y = self.account_y(index);
            if self.is_table && index % 2 == 1 {
                canvas.stripe(x - 10, y, self.width - x);
            }
            let _ = writeln!(canvas.shapes, "<g class=\"account\">");
            for (role, _) in self.graph.lives_in.iter().filter(|(_, at)| *at == index) {
                canvas.mark(x + role * MARK, y + ROW / 2, *role);
            }
            let x = x + self.graph.roles.len() * MARK + 4;
            let baseline = y + ROW / 2 + 5;
            canvas.text(x, baseline, "account-name", &shortened(name, 30));
            canvas.text(x + NAME_WIDTH, baseline, "note", id);
            canvas.shapes.push_str("</g>\n");
        }
    }

    fn arrows(&self, canvas: &mut Canvas) {
        let middle = BOX_HEIGHT / 2;
        for (from, to, some) in &self.graph.assume {
            let start = (self.columns[0] + BOX_WIDTH, self.group_y(*from) + middle);
            let end = (self.columns[1], self.role_y(*to) + middle);
            canvas.curve(start, end, color(*to), 2.0);
            if let Some(count) = some {
                let x = usize::midpoint(start.0, end.0);
                let y = usize::midpoint(start.1, end.1);
                let text = format!("in {count} of them");
                canvas.coloured(x, y - 4, color(*to), &text);
            }
        }
        let lines = self.graph.lives_in.iter().filter(|_| !self.is_table);
        for (role, account) in lines {
            let start = (self.columns[1] + BOX_WIDTH, self.role_y(*role) + middle);
            let end = (self.columns[2] - 8, self.account_y(*account) + ROW / 2);
            canvas.curve(start, end, color(*role), 1.0);
        }
    }
}

/// Height of so many boxes.
fn boxes(count: usize) -> usize {
    count * (BOX_HEIGHT + BOX_GAP)
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

    /// A box with two lines of text.
    fn labelled(
        &mut self,
        (x, y): (usize, usize),
        class: &str,
        stroke: &str,
        [name, note]: [&str; 2],
    ) {
        let _ = writeln!(
            self.shapes,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"8\" fill=\"#ffffff\" \
             stroke=\"{stroke}\" stroke-width=\"2\"/>"
        );
        self.text(x + 12, y + 20, "name", &shortened(name, 24));
        self.text(x + 12, y + 37, "note", &shortened(note, 32));
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
