//! The colours of everything that is not data: the one place where they are written.

use super::Ink;
use crate::colormap::Rgb;
use crate::weights::Family;

/// The tokens of the design, dark and light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub is_dark: bool,
    /// Behind the panels.
    pub background: Rgb,
    pub panel: Rgb,
    /// Operations in the graph, popups.
    pub raised: Rgb,
    /// Chips, buttons, fields.
    pub control: Rgb,
    /// Separators, outlines.
    pub line: Rgb,
    pub text: Rgb,
    pub dim: Rgb,
    /// Hints; never for what must be read.
    pub faint: Rgb,
    /// The selected thing and what leads to it.
    pub accent: Rgb,
    pub selection: Rgb,
    pub good: Rgb,
    pub warn: Rgb,
    pub bad: Rgb,
    pub families: Families<Rgb>,
    /// Bars and curves of a histogram that has no colours of its own.
    pub plot: Rgb,
    /// The histogram beside a colour bar.
    pub shade: Rgb,
    /// Between the kernels of a heatmap.
    pub gap: Rgb,
}

/// The colours of the families of operations, as files or as the window has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families<C> {
    pub convolution: C,
    pub depthwise: C,
    pub matrix: C,
    pub elementwise: C,
    pub activation: C,
    pub movement: C,
}

pub const DARK: Theme = Theme {
    is_dark: true,
    background: rgb(0x15171a),
    panel: rgb(0x1b1e22),
    raised: rgb(0x23272c),
    control: rgb(0x2a3036),
    line: rgb(0x2e3338),
    text: rgb(0xd9dde2),
    dim: rgb(0x8b939c),
    faint: rgb(0x5b636c),
    accent: rgb(0x5aa9e6),
    selection: rgb(0x22384a),
    good: rgb(0x5fb38a),
    warn: rgb(0xd9a441),
    bad: rgb(0xe0635a),
    families: Families {
        convolution: rgb(0x5aa9e6),
        depthwise: rgb(0x7fc4b5),
        matrix: rgb(0xb58be0),
        elementwise: rgb(0xd9a441),
        activation: rgb(0x8fae6b),
        movement: rgb(0x7b8794),
    },
    plot: rgb(0x4b8fc4),
    shade: rgb(0x4a5159),
    gap: rgb(0x15171a),
};

pub const LIGHT: Theme = Theme {
    is_dark: false,
    background: rgb(0xeef0f2),
    panel: rgb(0xffffff),
    raised: rgb(0xf5f6f8),
    control: rgb(0xeceff2),
    line: rgb(0xd9dde2),
    text: rgb(0x1d2126),
    dim: rgb(0x626b75),
    faint: rgb(0x9aa3ad),
    accent: rgb(0x1f6fb2),
    selection: rgb(0xdcebf7),
    good: rgb(0x2f8a5b),
    warn: rgb(0xa8730f),
    bad: rgb(0xbf3b32),
    families: Families {
        convolution: rgb(0x2f7fc1),
        depthwise: rgb(0x2f8f7d),
        matrix: rgb(0x7d4fb8),
        elementwise: rgb(0xa8730f),
        activation: rgb(0x5d7f38),
        movement: rgb(0x76818c),
    },
    plot: rgb(0x1f6fb2),
    shade: rgb(0xb9c1c9),
    gap: rgb(0x3a4148),
};

impl Theme {
    /// What a heatmap needs, on a panel.
    pub fn ink(&self) -> Ink {
        let [red, green, blue] = self.panel;
        Ink { background: [red, green, blue, 255], gap: self.gap }
    }
}

impl<C: Copy> Families<C> {
    pub const fn of(&self, family: Family) -> C {
        match family {
            Family::Convolution => self.convolution,
            Family::Depthwise => self.depthwise,
            Family::Matrix => self.matrix,
            Family::Elementwise => self.elementwise,
            Family::Activation => self.activation,
            Family::Movement => self.movement,
        }
    }
}

const fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::contrast;

    #[test]
    fn text_can_be_read() {
        for theme in [DARK, LIGHT] {
            for under in [theme.background, theme.panel, theme.raised] {
                for text in [theme.text, theme.dim] {
                    assert!(contrast(text, under) >= 4.5, "{text:?} on {under:?}: {}", contrast(text, under));
                }
            }
            assert!(contrast(theme.text, theme.selection) >= 4.5);
            assert!(contrast(theme.text, theme.control) >= 4.5);
        }
    }
}
