//! Several figures in one, beside or below each other, under one title.

use super::{FigureError, MARGIN, Sketch, check_area, growth};
use crate::render::font::{self, Font};
use crate::render::scene::Scene;
use crate::render::theme::Theme;

/// Between figures that are nothing but their picture.
const BARE_GAP: f32 = 12.0;

/// Figures beside each other; below each other where that makes a picture that is nearer to a square. Without title and
/// subtitle there is no head.
///
/// # Errors
/// [`FigureError::TooLarge`].
pub fn beside(title: &str, subtitle: &str, parts: Vec<Scene>, theme: &Theme, pixel_ratio: f32) -> Result<Scene, FigureError> {
    let all = |side: fn(&Scene) -> f32| (parts.iter().map(side).sum::<f32>(), parts.iter().map(side).fold(0.0, f32::max));
    let ((wide, widest), (high, highest)) = (all(|scene| scene.width), all(|scene| scene.height));
    let unevenness = |width: f32, height: f32| (width / height.max(1.0)).ln().abs();
    let is_beside = unevenness(wide, highest) <= unevenness(widest, high);
    let is_bare = parts.iter().all(|part| part.background.is_none());
    let gap = if is_bare { BARE_GAP } else { 0.0 };
    let gaps = gap * parts.len().saturating_sub(1) as f32;
    let inner = if is_beside { (wide + gaps, highest) } else { (widest, high + gaps) };
    // As large as the figures' own heads.
    let grown = parts.first().map_or(1.0, |part| growth(part.width, part.height));
    let mut sketch = Sketch { scene: Scene::new(0.0, 0.0, (!is_bare).then_some(theme.panel)), theme, grown };
    let top = match is_bare || title.is_empty() {
        true => 0.0,
        // The figures have a margin of their own.
        false => sketch.head(title, subtitle, inner.0 - 2.0 * sketch.u(MARGIN)) - sketch.u(12.0),
    };
    let (mut x, mut y) = (0.0, top.max(0.0));
    for part in parts {
        let (width, height) = (part.width, part.height);
        sketch.scene.put(part, x, y);
        if is_beside { x += width + gap } else { y += height + gap }
    }
    (sketch.scene.width, sketch.scene.height) = (inner.0.ceil(), (inner.1 + top.max(0.0)).ceil());
    check_area(sketch.scene.width, sketch.scene.height, pixel_ratio)?;
    Ok(sketch.scene)
}

/// One figure left of a line and another one right of it, at a part of the picture's width. Both show the same view.
pub fn swiped(left: Scene, right: &Scene, part: f32, theme: &Theme) -> Scene {
    use crate::render::scene::{Item, Rect, opaque};

    let picture = |scene: &Scene| {
        scene
            .items
            .iter()
            .find_map(|item| if let Item::Image { rect, image } = item { Some((*rect, std::sync::Arc::clone(image))) } else { None })
    };
    let mut scene = left;
    let (Some((rect, of_left)), Some((_, of_right))) = (picture(&scene), picture(right)) else { return scene };
    let x = rect.x + rect.width * part.clamp(0.0, 1.0);
    let image = of_left.beside(&of_right, (of_left.width() as f32 * part.clamp(0.0, 1.0)).round() as u32);
    let is_inside = |item: &Item| matches!(item, Item::Text(text) if text.at[0] > rect.x && text.at[0] < rect.right() && text.at[1] > rect.y && text.at[1] < rect.bottom());
    // The numbers in the cells.
    scene.items.retain(|item| !is_inside(item) || matches!(item, Item::Text(text) if text.at[0] < x));
    scene.items.extend(right.items.iter().filter(|item| is_inside(item) && matches!(item, Item::Text(text) if text.at[0] >= x)).cloned());
    if let Some(Item::Image { image: shown, .. }) = scene.items.iter_mut().find(|item| matches!(item, Item::Image { .. })) {
        *shown = std::sync::Arc::new(image);
    }
    scene.rect(Rect::new(x - 1.0, rect.y, 2.0, rect.height), theme.text);
    for (letter, at) in [("A", x - 22.0), ("B", x + 6.0)] {
        let size = super::TEXT;
        let ground = Rect::new(at, rect.y + 6.0, 16.0, 18.0);
        if ground.x >= rect.x && ground.right() <= rect.right() && ground.bottom() <= rect.bottom() {
            scene.items.push(Item::Rect { rect: ground, radius: 3.0, fill: Some(opaque(theme.panel)), stroke: None });
            let baseline = ground.y + 9.0 + font::cap_height(Font::SansBold, size) / 2.0;
            scene.text([ground.x + 8.0, baseline], letter, Font::SansBold, size, theme.text, font::Anchor::Middle);
        }
    }
    scene
}
