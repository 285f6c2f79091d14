//! The colours that tell accounts apart, as each kind of window spells them.

/// Firefox's colours of containers; the console's *Switch role* page knows five of them.
///
/// Source: MDN, contextualIdentities.create(), `color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Blue,
    Turquoise,
    Green,
    Yellow,
    Orange,
    Red,
    Pink,
    Purple,
}

impl Colour {
    pub const ALL: [Self; 8] = [
        Self::Blue,
        Self::Turquoise,
        Self::Green,
        Self::Yellow,
        Self::Orange,
        Self::Red,
        Self::Pink,
        Self::Purple,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.into_iter().find(|colour| colour.name() == name)
    }

    /// Always the same one for a name, so that nobody need choose.
    pub fn of_name(name: &str) -> Self {
        // FNV-1a: small, and spreads names that differ in one letter.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self::ALL[hash as usize % Self::ALL.len()]
    }

    /// As Firefox and people say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Turquoise => "turquoise",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Pink => "pink",
            Self::Purple => "purple",
        }
    }

    /// Firefox's own shades, for the frame of a Chromium window.
    pub fn rgb(self) -> u32 {
        match self {
            Self::Blue => 0x0037_adff,
            Self::Turquoise => 0x0000_c79a,
            Self::Green => 0x0051_cd00,
            Self::Yellow => 0x00ff_cb00,
            Self::Orange => 0x00ff_9f00,
            Self::Red => 0x00ff_613d,
            Self::Pink => 0x00ff_4bda,
            Self::Purple => 0x00af_51f5,
        }
    }

    /// The nearest of the five colours that the *Switch role* page takes; it ignores every other.
    ///
    /// Source: the page itself; AWS answers a question about it at re:Post, "Switch role link query parameters".
    pub fn switch_role_hex(self) -> &'static str {
        match self {
            Self::Red | Self::Pink => "f2b0a9",
            Self::Orange => "fbc8aa",
            Self::Yellow => "efda95",
            Self::Green | Self::Turquoise => "b7ca9d",
            Self::Blue | Self::Purple => "83d4e8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for colour in Colour::ALL {
            assert_eq!(Colour::parse(&colour.name().to_uppercase()), Some(colour));
        }
        assert_eq!(Colour::parse("mauve"), None);
    }

    #[test]
    fn names_keep_their_colour_and_neighbours_differ() {
        assert_eq!(Colour::of_name("prod"), Colour::of_name("prod"));
        let colours: std::collections::BTreeSet<_> = (0..20)
            .map(|number| Colour::of_name(&format!("account-{number}")).name())
            .collect();
        assert!(colours.len() > 5, "{colours:?}");
    }
}
