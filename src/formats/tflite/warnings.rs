//! What is odd about a file, in a list that stays short however odd the file is.

/// A hostile file may have a million oddities; nobody reads more than these.
const MAX_LINES: usize = 100;

#[derive(Debug, Default)]
pub struct Warnings {
    lines: Vec<String>,
    unlisted: usize,
}

impl Warnings {
    /// Adds a sentence, which is made only if it is listed.
    pub fn push(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line());
        } else {
            self.unlisted += 1;
        }
    }

    pub fn into_lines(mut self) -> Vec<String> {
        if self.unlisted > 0 {
            self.lines.push(format!("{} more oddities are not listed", self.unlisted));
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_stays_short() {
        let mut warnings = Warnings::default();
        for index in 0..MAX_LINES + 5 {
            warnings.push(|| index.to_string());
        }
        let lines = warnings.into_lines();
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert_eq!(lines[MAX_LINES], "5 more oddities are not listed");
    }
}
