//! The interface glyphs as the painter's lines and circles.
//!
//! @generated from the drawings in `icons/glyphs/` by `icons/make.py`; change those instead.

/// The side of the square that every glyph is drawn in; y points down.
pub const GRID: f32 = 16.0;

/// The width of every stroke, in units of the grid; ends and joins are round.
pub const STROKE: f32 = 1.5;

/// A piece of a glyph, in units of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// A stroke through points.
    Line(&'static [[f32; 2]]),
    /// A stroke through points and back to the first.
    Loop(&'static [[f32; 2]]),
    /// A stroked circle; the radius is to the middle of the stroke.
    Circle { center: [f32; 2], radius: f32 },
    /// A filled circle without a stroke.
    Dot { center: [f32; 2], radius: f32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Glyph {
    ArrowLeft,
    ArrowRight,
    ChevronDown,
    ChevronRight,
    Close,
    Copy,
    Fit,
    Grid,
    Info,
    Minus,
    Moon,
    Open,
    Plus,
    Save,
    Search,
    Sliders,
    SortDown,
    SortUp,
    Sun,
    Warning,
}

impl Glyph {
    pub const ALL: [Self; 20] = [
        Self::ArrowLeft,
        Self::ArrowRight,
        Self::ChevronDown,
        Self::ChevronRight,
        Self::Close,
        Self::Copy,
        Self::Fit,
        Self::Grid,
        Self::Info,
        Self::Minus,
        Self::Moon,
        Self::Open,
        Self::Plus,
        Self::Save,
        Self::Search,
        Self::Sliders,
        Self::SortDown,
        Self::SortUp,
        Self::Sun,
        Self::Warning,
    ];

    /// What the glyph is made of, in the order of drawing.
    pub fn parts(self) -> &'static [Part] {
        match self {
            Self::ArrowLeft => &[Part::Line(&[[13.25, 8.0], [3.0, 8.0]]), Part::Line(&[[7.25, 3.5], [2.75, 8.0], [7.25, 12.5]])],
            Self::ArrowRight => &[Part::Line(&[[2.75, 8.0], [13.0, 8.0]]), Part::Line(&[[8.75, 3.5], [13.25, 8.0], [8.75, 12.5]])],
            Self::ChevronDown => &[Part::Line(&[[3.75, 6.25], [8.0, 10.5], [12.25, 6.25]])],
            Self::ChevronRight => &[Part::Line(&[[6.25, 3.75], [10.5, 8.0], [6.25, 12.25]])],
            Self::Close => &[Part::Line(&[[3.75, 3.75], [12.25, 12.25]]), Part::Line(&[[12.25, 3.75], [3.75, 12.25]])],
            Self::Copy => &[
                Part::Loop(&[[5.75, 5.75], [13.25, 5.75], [13.25, 13.25], [5.75, 13.25]]),
                Part::Line(&[[10.25, 5.75], [10.25, 2.75], [2.75, 2.75], [2.75, 10.25], [5.75, 10.25]]),
            ],
            Self::Fit => &[
                Part::Line(&[[2.75, 5.75], [2.75, 2.75], [5.75, 2.75]]),
                Part::Line(&[[10.25, 2.75], [13.25, 2.75], [13.25, 5.75]]),
                Part::Line(&[[13.25, 10.25], [13.25, 13.25], [10.25, 13.25]]),
                Part::Line(&[[5.75, 13.25], [2.75, 13.25], [2.75, 10.25]]),
                Part::Loop(&[[6.25, 6.25], [9.75, 6.25], [9.75, 9.75], [6.25, 9.75]]),
            ],
            Self::Grid => &[
                Part::Loop(&[[2.75, 2.75], [13.25, 2.75], [13.25, 13.25], [2.75, 13.25]]),
                Part::Line(&[[6.25, 2.75], [6.25, 13.25]]),
                Part::Line(&[[9.75, 2.75], [9.75, 13.25]]),
                Part::Line(&[[2.75, 6.25], [13.25, 6.25]]),
                Part::Line(&[[2.75, 9.75], [13.25, 9.75]]),
            ],
            Self::Info => &[
                Part::Circle { center: [8.0, 8.0], radius: 5.75 },
                Part::Line(&[[8.0, 7.75], [8.0, 11.0]]),
                Part::Dot { center: [8.0, 5.25], radius: 0.9 },
            ],
            Self::Minus => &[Part::Line(&[[2.75, 8.0], [13.25, 8.0]])],
            Self::Moon => &[Part::Loop(&[
                [13.25, 9.4],
                [12.737, 9.663],
                [12.181, 9.85],
                [11.598, 9.963],
                [11.0, 10.0],
                [10.313, 9.955],
                [9.657, 9.824],
                [9.037, 9.613],
                [8.459, 9.326],
                [7.928, 8.97],
                [7.45, 8.55],
                [7.03, 8.072],
                [6.674, 7.541],
                [6.388, 6.963],
                [6.176, 6.343],
                [6.045, 5.687],
                [6.0, 5.0],
                [6.038, 4.402],
                [6.15, 3.819],
                [6.338, 3.263],
                [6.6, 2.75],
                [5.992, 2.938],
                [5.425, 3.197],
                [4.902, 3.525],
                [4.427, 3.914],
                [4.004, 4.362],
                [3.636, 4.863],
                [3.326, 5.412],
                [3.08, 6.006],
                [2.899, 6.638],
                [2.788, 7.304],
                [2.75, 8.0],
                [2.791, 8.659],
                [2.91, 9.293],
                [3.103, 9.898],
                [3.365, 10.468],
                [3.69, 11.0],
                [4.075, 11.487],
                [4.513, 11.925],
                [5.0, 12.31],
                [5.532, 12.635],
                [6.102, 12.897],
                [6.707, 13.09],
                [7.341, 13.209],
                [8.0, 13.25],
                [8.696, 13.212],
                [9.362, 13.101],
                [9.994, 12.92],
                [10.588, 12.674],
                [11.137, 12.364],
                [11.638, 11.996],
                [12.086, 11.573],
                [12.475, 11.098],
                [12.803, 10.575],
                [13.062, 10.008],
            ])],
            Self::Open => &[
                Part::Line(&[[2.75, 12.75], [2.75, 3.75], [6.5, 3.75], [8.0, 5.75], [12.25, 5.75], [12.25, 7.75]]),
                Part::Loop(&[[2.75, 12.75], [4.75, 7.75], [14.25, 7.75], [12.25, 12.75]]),
            ],
            Self::Plus => &[Part::Line(&[[8.0, 2.75], [8.0, 13.25]]), Part::Line(&[[2.75, 8.0], [13.25, 8.0]])],
            Self::Save => &[
                Part::Line(&[[8.0, 2.5], [8.0, 9.75]]),
                Part::Line(&[[4.75, 6.75], [8.0, 10.0], [11.25, 6.75]]),
                Part::Line(&[[2.75, 10.75], [2.75, 13.25], [13.25, 13.25], [13.25, 10.75]]),
            ],
            Self::Search => &[Part::Circle { center: [7.0, 7.0], radius: 4.25 }, Part::Line(&[[10.1, 10.1], [13.25, 13.25]])],
            Self::Sliders => &[
                Part::Line(&[[2.0, 4.75], [8.0, 4.75]]),
                Part::Circle { center: [10.0, 4.75], radius: 2.0 },
                Part::Line(&[[12.0, 4.75], [14.0, 4.75]]),
                Part::Line(&[[2.0, 11.25], [4.0, 11.25]]),
                Part::Circle { center: [6.0, 11.25], radius: 2.0 },
                Part::Line(&[[8.0, 11.25], [14.0, 11.25]]),
            ],
            Self::SortDown => &[
                Part::Line(&[[4.75, 3.25], [4.75, 12.5]]),
                Part::Line(&[[2.0, 9.75], [4.75, 12.5], [7.5, 9.75]]),
                Part::Line(&[[10.0, 4.25], [14.25, 4.25]]),
                Part::Line(&[[10.0, 8.0], [12.5, 8.0]]),
                Part::Line(&[[10.0, 11.75], [10.75, 11.75]]),
            ],
            Self::SortUp => &[
                Part::Line(&[[4.75, 12.75], [4.75, 3.5]]),
                Part::Line(&[[2.0, 6.25], [4.75, 3.5], [7.5, 6.25]]),
                Part::Line(&[[10.0, 4.25], [10.75, 4.25]]),
                Part::Line(&[[10.0, 8.0], [12.5, 8.0]]),
                Part::Line(&[[10.0, 11.75], [14.25, 11.75]]),
            ],
            Self::Sun => &[
                Part::Circle { center: [8.0, 8.0], radius: 2.75 },
                Part::Line(&[[8.0, 1.5], [8.0, 2.5]]),
                Part::Line(&[[8.0, 13.5], [8.0, 14.5]]),
                Part::Line(&[[1.5, 8.0], [2.5, 8.0]]),
                Part::Line(&[[13.5, 8.0], [14.5, 8.0]]),
                Part::Line(&[[3.4, 3.4], [4.1, 4.1]]),
                Part::Line(&[[11.9, 11.9], [12.6, 12.6]]),
                Part::Line(&[[3.4, 12.6], [4.1, 11.9]]),
                Part::Line(&[[11.9, 4.1], [12.6, 3.4]]),
            ],
            Self::Warning => &[
                Part::Loop(&[[8.0, 2.5], [14.25, 13.25], [1.75, 13.25]]),
                Part::Line(&[[8.0, 6.5], [8.0, 9.0]]),
                Part::Dot { center: [8.0, 11.1], radius: 0.9 },
            ],
        }
    }
}
