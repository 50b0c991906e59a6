//! How the window looks: fonts and spacing, and the colours of [`crate::render::theme`] as egui
//! takes them.

use std::sync::Arc;

use crate::colormap::Rgb;
use crate::render::font::Font;
use crate::render::theme as core;
use egui::style::WidgetVisuals;
use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, vec2};

/// Heights and distances in points, on a grid of four.
pub const ROW_HEIGHT: f32 = 28.0;
pub const HEAD_HEIGHT: f32 = 32.0;
pub const BAR_HEIGHT: f32 = 40.0;
pub const STATUS_HEIGHT: f32 = 24.0;
pub const PANEL_GAP: f32 = 8.0;
pub const PANEL_RADIUS: u8 = 6;
pub const CONTROL_RADIUS: u8 = 4;

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub is_dark: bool,
    /// Behind the panels.
    pub background: Color32,
    pub panel: Color32,
    /// Operations in the graph, popups.
    pub raised: Color32,
    /// Chips, buttons, fields.
    pub control: Color32,
    pub line: Color32,
    pub text: Color32,
    /// Secondary text.
    pub dim: Color32,
    /// Hints, never the only carrier of a fact.
    pub faint: Color32,
    /// The selected thing and what leads to it; nothing else.
    pub accent: Color32,
    pub selection: Color32,
    pub good: Color32,
    pub warn: Color32,
    pub bad: Color32,
    /// Bars of a histogram.
    pub plot: Color32,
    /// The histogram beside a colour bar.
    pub shade: Color32,
    /// One colour an operation family; a 4 px edge or an 8 px square, never a full box.
    pub families: core::Families<Color32>,
}

pub const DARK: Tokens = Tokens::from_core(&core::DARK);
pub const LIGHT: Tokens = Tokens::from_core(&core::LIGHT);

/// The program's sign: its ground, then four cells of a kernel.
pub const LOGO: [Color32; 5] = [hex(0x1f6fb2), hex(0xf7f7f7), hex(0x92c5de), hex(0x92c5de), hex(0xf7f7f7)];

const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

const fn color(rgb: Rgb) -> Color32 {
    Color32::from_rgb(rgb[0], rgb[1], rgb[2])
}

impl Tokens {
    const fn from_core(theme: &core::Theme) -> Self {
        let families = &theme.families;
        Self {
            is_dark: theme.is_dark,
            background: color(theme.background),
            panel: color(theme.panel),
            raised: color(theme.raised),
            control: color(theme.control),
            line: color(theme.line),
            text: color(theme.text),
            dim: color(theme.dim),
            faint: color(theme.faint),
            accent: color(theme.accent),
            selection: color(theme.selection),
            good: color(theme.good),
            warn: color(theme.warn),
            bad: color(theme.bad),
            plot: color(theme.plot),
            shade: color(theme.shade),
            families: core::Families {
                convolution: color(families.convolution),
                depthwise: color(families.depthwise),
                matrix: color(families.matrix),
                elementwise: color(families.elementwise),
                activation: color(families.activation),
                movement: color(families.movement),
            },
        }
    }

    /// The colours of the theme that the `Ui` is drawn in.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }
}

/// The family for semibold text: weight instead of size for emphasis.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// 13 pt text.
pub fn text_font() -> FontId {
    FontId::proportional(13.0)
}

/// 13 pt text with emphasis.
pub fn strong_font() -> FontId {
    FontId::new(13.0, semibold())
}

/// 11 pt section heads and axis labels.
pub fn small_font() -> FontId {
    FontId::proportional(11.0)
}

/// 12 pt monospaced numbers.
pub fn number_font() -> FontId {
    FontId::monospace(12.0)
}

/// 11 pt monospaced numbers, for axes and badges.
pub fn small_number_font() -> FontId {
    FontId::monospace(11.0)
}

/// Installs fonts and both themes. Once, at start.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (theme, tokens) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| apply(style, theme, tokens));
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let own: [(&str, &'static [u8]); 3] =
        [("Inter", Font::Sans.bytes()), ("Inter SemiBold", Font::SansBold.bytes()), ("JetBrains Mono", Font::Mono.bytes())];
    for (name, bytes) in own {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with_fallback = |name: &str| std::iter::once(name.to_owned()).chain(fallback.iter().cloned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Proportional, with_fallback("Inter"));
    fonts.families.insert(semibold(), with_fallback("Inter SemiBold"));
    fonts.families.entry(FontFamily::Monospace).or_default().insert(0, "JetBrains Mono".to_owned());
    fonts
}

fn apply(style: &mut egui::Style, theme: Theme, tokens: &Tokens) {
    style.text_styles = [
        (TextStyle::Heading, FontId::new(20.0, semibold())),
        (TextStyle::Body, text_font()),
        (TextStyle::Button, text_font()),
        (TextStyle::Small, small_font()),
        (TextStyle::Monospace, number_font()),
    ]
    .into();
    style.animation_time = 0.1;

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(8.0, 3.0);
    spacing.interact_size = vec2(24.0, 22.0);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.scroll.floating = true;
    spacing.scroll.bar_width = 8.0;
    spacing.tooltip_width = 420.0;

    let visuals = &mut style.visuals;
    *visuals = match theme {
        Theme::Dark => egui::Visuals::dark(),
        Theme::Light => egui::Visuals::light(),
    };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(tokens.dim);
    visuals.panel_fill = tokens.panel;
    visuals.window_fill = tokens.raised;
    visuals.window_stroke = Stroke::new(1.0, tokens.line);
    visuals.window_corner_radius = CornerRadius::same(PANEL_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(PANEL_RADIUS);
    visuals.extreme_bg_color = tokens.background;
    visuals.faint_bg_color = tokens.raised;
    visuals.text_edit_bg_color = Some(tokens.control);
    visuals.code_bg_color = tokens.control;
    visuals.hyperlink_color = tokens.accent;
    visuals.warn_fg_color = tokens.warn;
    visuals.error_fg_color = tokens.bad;
    visuals.selection.bg_fill = tokens.selection;
    visuals.selection.stroke = Stroke::new(1.0, tokens.accent);
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(60) };
    visuals.window_shadow = visuals.popup_shadow;

    let widget = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(CONTROL_RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let hovered = mix(tokens.control, tokens.text, 0.08);
    let pressed = mix(tokens.control, tokens.text, 0.14);
    visuals.widgets.noninteractive = widget(tokens.panel, tokens.line, tokens.text);
    visuals.widgets.inactive = widget(tokens.control, Color32::TRANSPARENT, tokens.text);
    visuals.widgets.hovered = widget(hovered, Color32::TRANSPARENT, tokens.text);
    visuals.widgets.active = widget(pressed, tokens.accent, tokens.text);
    visuals.widgets.open = widget(hovered, Color32::TRANSPARENT, tokens.text);
}

/// `part` of the way from one colour to another.
pub fn mix(from: Color32, to: Color32, part: f32) -> Color32 {
    let blend = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part).round() as u8;
    Color32::from_rgb(blend(from.r(), to.r()), blend(from.g(), to.g()), blend(from.b(), to.b()))
}

/// The contrast of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(a: Color32, b: Color32) -> f64 {
    let luminance = |color: Color32| {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_readable_in_both_themes() {
        for (name, tokens) in [("dark", &DARK), ("light", &LIGHT)] {
            for (surface, fill) in
                [("panel", tokens.panel), ("raised", tokens.raised), ("selection", tokens.selection), ("control", tokens.control)]
            {
                assert!(contrast(tokens.text, fill) >= 4.5, "{name}: text on {surface}");
            }
            for (surface, fill) in [("panel", tokens.panel), ("raised", tokens.raised)] {
                assert!(contrast(tokens.dim, fill) >= 4.5, "{name}: dim text on {surface}: {}", contrast(tokens.dim, fill));
            }
            for (verdict, color) in [("bad", tokens.bad), ("accent", tokens.accent)] {
                assert!(contrast(color, tokens.panel) >= 4.5, "{name}: {verdict}");
            }
        }
    }

    #[test]
    fn contrast_is_the_wcag_ratio() {
        assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 1e-9);
        // #767676 on white is WCAG's well-known 4.54.
        assert!((contrast(Color32::from_gray(0x76), Color32::WHITE) - 4.54).abs() < 0.01);
    }
}
