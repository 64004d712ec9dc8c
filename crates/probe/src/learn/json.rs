//! JSON as a person would lay it out: what fits on a line stands on one.

/// A line is broken where it would be longer.
const LINE_CHARS_MAX: usize = 100;

pub(super) enum Json {
    /// A value that is JSON already and stays on its line.
    Plain(String),
    List(Vec<String>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn text(text: &str) -> Self {
        Self::Plain(quoted(text))
    }

    pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(quoted).collect())
    }

    /// Writes the value from column `column` on, in a line that is indented by `indent` spaces.
    pub(super) fn write(&self, indent: usize, column: usize, out: &mut String) {
        let start = out.len();
        if self.write_short(out) && column + out.len() - start < LINE_CHARS_MAX {
            return;
        }
        out.truncate(start);
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::List(items) => write_list(items, indent + 2, out),
            Self::Object(members) => write_object(members, indent + 2, out),
        }
    }

    /// Writes the value on one line, as far as it may stand on one: an object in an object is easier
    /// to read on lines of its own. Says whether it may.
    fn write_short(&self, out: &mut String) -> bool {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                out.push_str(&items.join(", "));
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    if matches!(value, Self::Object(inner) if !inner.is_empty()) {
                        return false;
                    }
                    out.push_str(if at == 0 { "" } else { ", " });
                    out.push_str(&quoted(name));
                    out.push_str(": ");
                    value.write_short(out);
                }
                out.push('}');
            }
        }
        true
    }
}

fn write_object(members: &[(String, Json)], indent: usize, out: &mut String) {
    let mut separator = "{";
    for (name, value) in members {
        out.push_str(separator);
        let line = out.len();
        new_line(indent, out);
        out.push_str(&quoted(name));
        out.push_str(": ");
        value.write(indent, out.len() - line, out);
        separator = ",";
    }
    new_line(indent - 2, out);
    out.push('}');
}

/// As many items a line as fit.
fn write_list(items: &[String], indent: usize, out: &mut String) {
    let mut separator = "[";
    let mut column = LINE_CHARS_MAX;
    for item in items {
        out.push_str(separator);
        separator = ",";
        if column + item.len() + 2 > LINE_CHARS_MAX {
            new_line(indent, out);
            column = indent;
        } else {
            out.push(' ');
        }
        out.push_str(item);
        column += item.len() + 2;
    }
    new_line(indent - 2, out);
    out.push(']');
}

fn new_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted += &format!("\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
