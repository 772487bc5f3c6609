//! Columns that line up.

use console::measure_text_width;

use super::paint::Paint;

/// Rows under a heading. Cells may carry colours; what counts is the width a reader sees.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    Cells(Vec<String>),
    /// Text that belongs to the row above it and takes no part in the columns.
    Note(String),
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new<const N: usize>(head: [&'static str; N]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(Row::Cells(Vec::from(cells)));
    }

    /// Adds a line under the last row, indented.
    pub(crate) fn note(&mut self, text: String) {
        self.rows.push(Row::Note(text));
    }

    /// The lines, with a line break after each. A column whose cells are all empty is left out.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let cells = || {
            self.rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => Some(cells),
                Row::Note(_) => None,
            })
        };
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let widest = cells()
                    .filter_map(|row| row.get(column))
                    .map(|cell| measure_text_width(cell))
                    .max();
                match widest.unwrap_or(0) {
                    0 => 0,
                    widest => widest.max(measure_text_width(self.head[column])),
                }
            })
            .collect();
        let mut text = String::new();
        if self.head.iter().any(|word| !word.is_empty()) {
            let head: Vec<String> = self.head.iter().map(|word| paint.dim(word)).collect();
            line(&mut text, &head, &widths);
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => line(&mut text, cells, &widths),
                Row::Note(note) => {
                    text.push_str("  ");
                    text.push_str(note);
                    text.push('\n');
                }
            }
        }
        text
    }
}

fn line(text: &mut String, cells: &[String], widths: &[usize]) {
    let mut owed = 0;
    for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let seen = measure_text_width(cell);
        if seen > 0 {
            // Spaces are written only when something follows them, so that no line ends in blanks.
            text.extend(std::iter::repeat_n(' ', owed));
            text.push_str(cell);
            owed = 0;
        }
        owed += width - seen + 2;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(paint: Paint) -> String {
        let mut table = Table::new(["NAME", "EMPTY", "STATE", "PORT"]);
        table.row(["web".into(), String::new(), paint.good("ready"), "8080".into()]);
        table.row(["long-name".into(), String::new(), paint.bad("down"), String::new()]);
        table.note("why".into());
        table.render(paint)
    }

    #[test]
    fn columns_line_up_and_lines_end_without_blanks() {
        let expected = "NAME       STATE  PORT\nweb        ready  8080\nlong-name  down\n  why\n";
        assert_eq!(sample(Paint::new(false)), expected);
    }

    #[test]
    fn colours_take_no_room() {
        let painted = sample(Paint::new(true));
        assert_eq!(console::strip_ansi_codes(&painted), sample(Paint::new(false)));
    }
}
