//! Back and forward through the places that were looked at.

/// Places before and after the present one.
#[derive(Clone, Debug)]
pub struct History<P> {
    before: Vec<P>,
    after: Vec<P>,
    present: Option<P>,
}

/// Places kept.
const DEPTH: usize = 200;

impl<P> Default for History<P> {
    fn default() -> Self {
        Self { before: Vec::new(), after: Vec::new(), present: None }
    }
}

impl<P: Clone + PartialEq> History<P> {
    /// A new place; the same as the present one is none.
    pub fn visit(&mut self, place: P) {
        if self.present.as_ref() == Some(&place) {
            return;
        }
        self.before.extend(self.present.replace(place));
        self.after.clear();
        if self.before.len() > DEPTH {
            self.before.remove(0);
        }
    }

    pub fn back(&mut self) -> Option<P> {
        let place = self.before.pop()?;
        self.after.extend(self.present.replace(place));
        self.present.clone()
    }

    pub fn forward(&mut self) -> Option<P> {
        let place = self.after.pop()?;
        self.before.extend(self.present.replace(place));
        self.present.clone()
    }

    pub fn can_go_back(&self) -> bool {
        !self.before.is_empty()
    }

    pub fn can_go_forward(&self) -> bool {
        !self.after.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forward() {
        let mut history = History::default();
        assert_eq!(history.back(), None);
        for place in [1, 2, 2, 3] {
            history.visit(place);
        }
        assert_eq!((history.back(), history.back(), history.back()), (Some(2), Some(1), None));
        assert_eq!(history.forward(), Some(2));
        history.visit(9);
        assert!(!history.can_go_forward());
        assert_eq!((history.back(), history.can_go_back()), (Some(2), true));
    }
}
