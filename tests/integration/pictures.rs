//! Pictures of weights through the core: what no picture may lose, whatever the size of the tensor.

use std::path::Path;
use std::sync::Arc;

use weightscope::colormap::{Limits, Range, Rgb};
use weightscope::formats::{self, Options};
use weightscope::jobs::{self, Find, Loaded, Look, Origin, Shows, Sought, Token};
use weightscope::render::theme::LIGHT;
use weightscope::render::{Image, Viewport};
use weightscope::values::Blocks;
use weightscope::weights::Reading;

#[path = "../../benches/pictures/models.rs"]
mod models;

use models::{Stored, matrix, plant};

/// The main weight of a model's first layer that has one.
fn load(model: &Path) -> Arc<Loaded> {
    let token = Token::new();
    let options = Options::default();
    let opened = jobs::open(|| formats::open(model, &options, &token), Origin::File(options.clone()), None).unwrap();
    let weight = opened.catalogue.weights().next().unwrap().clone();
    Arc::new(jobs::load(opened, weight, Vec::new(), Reading::Effective, &token).unwrap())
}

/// The pixels that differ from the one in the corner, with their colours.
fn others(image: &Image) -> Vec<(u32, u32, Rgb)> {
    let ground = image.pixel(0, 0).unwrap();
    let pixels = (0..image.height()).flat_map(|y| (0..image.width()).map(move |x| (x, y)));
    let found = pixels.filter_map(|(x, y)| image.pixel(x, y).filter(|pixel| *pixel != ground).map(|[r, g, b, _]| (x, y, [r, g, b])));
    found.collect()
}

/// 16,384 by 16,384 codes, all zero but one, read from the file and never expanded: the one is a pixel of its
/// own in the picture of the whole, and the brightest there is.
#[test]
fn one_outlier_among_268_million_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let model = matrix(folder.path(), "large", Stored::I8, 16_384, 16_384);
    let (row, column) = (9_999u64, 5_431u64);
    plant(&model, row * 16_384 + column, &[100]);
    let loaded = load(&model);
    assert!(loaded.values.as_slice().is_none() && loaded.count() == 1 << 28 && loaded.is_sampled);

    let range = Range::Manual(Limits::new(-50.0, 50.0));
    let look = Look { range, ..Look::new(&loaded, loaded.default_view(1.0)) };
    let viewport = Viewport::whole(&look.view, [1.0 / 32.0; 2]);
    assert_eq!((viewport.width, viewport.height), (512, 512));
    // At once there is a picture; it may lack what lies between the rows that it was made of.
    let draw = || look.draw(&loaded, &viewport, LIGHT.ink(), &Token::new()).unwrap();
    assert!(others(&draw()).len() <= 1);
    look.build_pyramid(&loaded, &Token::new()).unwrap();
    let brightest = look.colours(&loaded).unwrap().colour(50.0);
    assert_eq!(others(&draw()), [((column / 32) as u32, (row / 32) as u32, brightest)]);
    // It is found, too.
    let find = Find { what: Sought::Maximum, shows: Shows::Real, behind: None };
    assert_eq!(find.run(&loaded, &Token::new()), Ok(Some((row * 16_384 + column) as usize)));
    // A picture that is cancelled ends, and says so.
    let token = Token::new();
    token.cancel();
    assert_eq!(look.draw(&loaded, &viewport, LIGHT.ink(), &token).err(), Some(jobs::Failure::Cancelled));
}

/// Read block by block and whole, every element is the same: float32 borrowed from the file, codes of 8 and of
/// 4 bits decoded on the way.
#[test]
fn values_that_are_not_expanded_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (stored, name) in [(Stored::F32, "f32"), (Stored::I8, "i8"), (Stored::U4, "u4")] {
        // Above 16 Mi elements nothing is kept in memory.
        let model = matrix(folder.path(), name, stored, 4_100, 4_100);
        plant(&model, 4_000_000, &[0x12, 0x73, 0x24, 0x35, 0x46, 0x57, 0x68, 0x79]);
        let loaded = load(&model);
        assert_eq!(loaded.values.as_slice().is_some(), stored == Stored::F32);
        let model = &loaded.opened.model;
        let real = loaded.weight.real(model, &Token::new()).unwrap();
        assert_eq!(loaded.as_slice(), real.values.as_slice(), "{name}");
        let place = real.values.iter().position(|value| *value != 0.0).unwrap();
        let code = loaded.code(place);
        assert_eq!(code.map(|code| code as f32 * 0.5), (stored != Stored::F32).then(|| real.values[place]));
        let mut read = [0.0; 3];
        loaded.values.read(place - 1, &mut read);
        assert_eq!(read, real.values[place - 1..place + 2]);
        if stored != Stored::F32 {
            let codes = loaded.numbers(Shows::Codes, &Token::new()).unwrap();
            codes.read(place - 1, &mut read);
            assert_eq!(read.map(|code| code * 0.5), real.values[place - 1..place + 2]);
        }
    }
}
