//! The tables. They lie in `assets/colormaps`, made by `script/make_colormaps.py` from the
//! packages that publish them.

use std::fmt;

use super::Rgb;

/// What a map is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// From little to much: magnitudes, errors, codes.
    Sequential,
    /// Two ways from a middle: signed weights, differences.
    Diverging,
}

macro_rules! maps {
    ($($variant:ident $kind:ident $name:literal $file:literal,)*) => {
        /// A table of 256 colours. In all the diverging ones low is cool and high is warm, which for
        /// RdBu, PuOr and roma is the reverse of the published direction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Map {
            $($variant,)*
        }

        impl Map {
            /// All maps: sequential ones first, each kind's default first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that people know and that the command line takes.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)*
                }
            }

            pub fn table(self) -> &'static [Rgb; 256] {
                match self {
                    $(Self::$variant => {
                        static TABLE: [Rgb; 256] = table(include_bytes!(concat!("../../assets/colormaps/", $file, ".bin")));
                        &TABLE
                    })*
                }
            }
        }
    };
}

maps! {
    Viridis Sequential "viridis" "viridis",
    Cividis Sequential "cividis" "cividis",
    Batlow Sequential "batlow" "batlow",
    Magma Sequential "magma" "magma",
    Inferno Sequential "inferno" "inferno",
    Turbo Sequential "turbo" "turbo",
    Greys Sequential "greys" "greys",
    Vik Diverging "vik" "vik",
    Broc Diverging "broc" "broc",
    Roma Diverging "roma" "roma",
    Berlin Diverging "berlin" "berlin",
    RdBu Diverging "RdBu" "rdbu",
    PuOr Diverging "PuOr" "puor",
}

impl Map {
    /// The map to begin with: vik for values with a sign, viridis for codes and magnitudes.
    pub fn default_for(signed: bool) -> Self {
        if signed { Self::Vik } else { Self::Viridis }
    }

    /// The map of a name, upper and lower case alike.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|map| map.name().eq_ignore_ascii_case(name))
    }

    /// Whether equal steps of the value look equal. Turbo's do not, and a picker should say so.
    pub fn is_uniform(self) -> bool {
        self != Self::Turbo
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const fn table(bytes: &[u8; 768]) -> [Rgb; 256] {
    let mut table = [[0; 3]; 256];
    let mut entry = 0;
    while entry < 256 {
        table[entry] = [bytes[3 * entry], bytes[3 * entry + 1], bytes[3 * entry + 2]];
        entry += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First, middle and last colours as matplotlib 3.11.2 and cmcrameri 1.10 give them
    /// (`matplotlib.colors.to_hex(cmap(i))`).
    #[test]
    fn tables_are_the_published_ones() {
        for (map, first, middle, last) in [
            (Map::Viridis, 0x440154, 0x21918c, 0xfde725),
            (Map::Cividis, 0x00224e, 0x7d7c78, 0xfee838),
            (Map::Batlow, 0x011959, 0x828231, 0xfaccfa),
            (Map::Magma, 0x000004, 0xb73779, 0xfcfdbf),
            (Map::Inferno, 0x000004, 0xbc3754, 0xfcffa4),
            (Map::Turbo, 0x30123b, 0xa4fc3c, 0x7a0403),
            (Map::Greys, 0x000000, 0x979797, 0xffffff),
            (Map::Vik, 0x001261, 0xece5e0, 0x590008),
            (Map::Broc, 0x2c1a4c, 0xebeeec, 0x262600),
            (Map::Roma, 0x033198, 0xc1eac2, 0x7e1700),
            (Map::Berlin, 0x9eb0ff, 0x190c09, 0xffadad),
            (Map::RdBu, 0x053061, 0xf7f6f6, 0x67001f),
            (Map::PuOr, 0x2d004b, 0xf7f7f6, 0x7f3b08),
        ] {
            let hex = |[red, green, blue]: Rgb| u32::from_be_bytes([0, red, green, blue]);
            let table = map.table();
            assert_eq!([hex(table[0]), hex(table[128]), hex(table[255])], [first, middle, last], "{map}");
        }
    }

    #[test]
    fn names() {
        for map in Map::ALL {
            assert_eq!(Map::from_name(&map.name().to_uppercase()), Some(*map));
        }
        assert_eq!(Map::from_name("jet"), None);
    }
}
