//! Lines of styled pieces, laid out for a width.

/// How a piece of text is shown where there are colours. Colour never carries a meaning alone: a
/// mark or a word says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Faint,
    Good,
    Bad,
    Doubt,
    GoodBold,
    BadBold,
    DoubtBold,
    Value,
    FaintValue,
}

impl Style {
    /// The parameters of the terminal's "select graphic rendition" sequence.
    fn code(self) -> Option<&'static str> {
        Some(match self {
            Style::Plain => return None,
            Style::Bold => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Bad => "31",
            Style::Doubt => "33",
            Style::GoodBold => "1;32",
            Style::BadBold => "1;31",
            Style::DoubtBold => "1;33",
            Style::Value => "36",
            Style::FaintValue => "2;36",
        })
    }
}

/// Text that stays together on one line.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    spans: Vec<(Style, String)>,
    /// The least width; the rest is filled with spaces if another piece follows.
    pad: usize,
}

impl Piece {
    pub(crate) fn new(style: Style, text: impl AsRef<str>) -> Self {
        Piece { spans: Vec::new(), pad: 0 }.and(style, text)
    }

    /// The same piece with more text. Control characters, which could move a terminal's cursor or
    /// break the line, are replaced.
    pub(crate) fn and(mut self, style: Style, text: impl AsRef<str>) -> Self {
        let harmless = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        self.spans.push((style, text.as_ref().chars().map(harmless).collect()));
        self
    }

    pub(crate) fn padded(mut self, width: usize) -> Self {
        self.pad = width;
        self
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.chars().count()).sum()
    }
}

/// Pieces with a space between each two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    indent: usize,
    hang: usize,
    pieces: Vec<Piece>,
}

impl Line {
    /// A line that begins `indent` characters from the left; so does what does not fit on it.
    pub(crate) fn new(indent: usize) -> Self {
        Line { indent, hang: indent, pieces: Vec::new() }
    }

    /// Where what does not fit goes on: `hang` characters from the left.
    pub(crate) fn hanging(mut self, hang: usize) -> Self {
        self.hang = hang;
        self
    }

    pub(crate) fn piece(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    /// Text that may be broken at its spaces.
    pub(crate) fn words(mut self, style: Style, text: &str) -> Self {
        self.pieces.extend(text.split_whitespace().map(|word| Piece::new(style, word)));
        self
    }

    fn render(&self, layout: &Layout, out: &mut String) {
        let hang = layout.hang(self);
        let mut column = 0;
        let mut padding = self.indent;
        for (index, piece) in self.pieces.iter().enumerate() {
            let end = column + padding + piece.width();
            if index > 0 && layout.width.is_some_and(|width| end > width) {
                out.push('\n');
                (column, padding) = (0, hang);
            }
            out.extend(std::iter::repeat_n(' ', padding));
            layout.write(piece, out);
            column += padding + piece.width();
            padding = 1 + piece.pad.saturating_sub(piece.width());
        }
        out.push('\n');
    }
}

/// The lines of a report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    lines: Vec<Line>,
    /// The title of a section that has no line yet.
    title: Option<String>,
}

impl Page {
    pub(crate) fn push(&mut self, line: Line) {
        if let Some(title) = self.title.take() {
            self.gap();
            let mark = Piece::new(Style::Plain, "█ ");
            self.lines.push(Line::new(2).piece(mark.and(Style::Bold, title)));
            self.gap();
        }
        self.lines.push(line);
    }

    /// An empty line, but never two in a row.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_none_or(|line| !line.pieces.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    /// Begins a section with a title as k6 marks it. A section without a line is not shown.
    pub(crate) fn section(&mut self, title: &str) {
        self.title = Some(title.to_owned());
    }

    /// The text, each line within `width` characters where its pieces allow it.
    pub(crate) fn render(&self, colour: bool, width: Option<usize>) -> String {
        let layout = Layout { colour, width };
        let mut out = String::new();
        self.lines.iter().for_each(|line| line.render(&layout, &mut out));
        out
    }
}

#[derive(Clone, Copy, Debug)]
struct Layout {
    colour: bool,
    width: Option<usize>,
}

impl Layout {
    /// A deep hang leaves no room on a narrow terminal, so it is given up there.
    fn hang(&self, line: &Line) -> usize {
        let too_deep = self.width.is_some_and(|width| line.hang > width / 2);
        if too_deep { line.indent + 4 } else { line.hang }
    }

    fn write(&self, piece: &Piece, out: &mut String) {
        for (style, text) in &piece.spans {
            match style.code().filter(|_| self.colour && !text.is_empty()) {
                Some(code) => out.extend(["\x1b[", code, "m", text, "\x1b[0m"]),
                None => out.push_str(text),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::default();
        let line = Line::new(2).hanging(4).piece(Piece::new(Style::Plain, "a").padded(5));
        page.push(line.words(Style::Bad, "bb cc  dd"));
        page
    }

    #[test]
    fn what_does_not_fit_hangs_and_nothing_trails() {
        assert_eq!(page().render(false, None), "  a     bb cc dd\n");
        assert_eq!(page().render(false, Some(16)), "  a     bb cc dd\n");
        assert_eq!(page().render(false, Some(15)), "  a     bb cc\n    dd\n");
        assert_eq!(page().render(false, Some(9)), "  a\n    bb cc\n    dd\n");
        assert_eq!(page().render(false, Some(1)), "  a\n      bb\n      cc\n      dd\n");
    }

    #[test]
    fn colours_change_nothing_else() {
        let coloured = page().render(true, Some(15));
        assert_eq!(
            coloured,
            "  a     \x1b[31mbb\x1b[0m \x1b[31mcc\x1b[0m\n    \x1b[31mdd\x1b[0m\n"
        );
    }

    #[test]
    fn text_cannot_control_the_terminal() {
        let mut page = Page::default();
        page.push(Line::new(0).piece(Piece::new(Style::Plain, "a\x1b[2Jb\r\nc")));
        assert_eq!(page.render(true, None), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\n");
    }

    #[test]
    fn a_section_without_lines_is_not_shown() {
        let mut page = page();
        page.section("EMPTY");
        page.gap();
        page.section("FULL");
        page.push(Line::new(4).words(Style::Plain, "x"));
        assert_eq!(page.render(false, None), "  a     bb cc dd\n\n  █ FULL\n\n    x\n");
    }

    #[test]
    fn gaps_do_not_add_up() {
        let mut page = page();
        page.gap();
        page.gap();
        assert_eq!(page.render(false, None), "  a     bb cc dd\n\n");
    }
}
