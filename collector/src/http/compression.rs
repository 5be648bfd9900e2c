//! Codings of content, and the form in which an asset is sent, by `Accept-Encoding` (RFC 9110, 12.5.3).

/// A coding, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br`.
    Brotli,
    /// `gzip`.
    Gzip,
    /// None.
    Identity,
}

impl Coding {
    /// For `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The best of the forms that there are, which the header accepts. Where even identity is
    /// refused it is sent all the same, as the standard allows: an unreadable asset is no worse
    /// than none.
    #[must_use]
    pub fn choose(header: Option<&str>, offered: &[Self]) -> Self {
        let Some(header) = header else {
            return Self::Identity;
        };
        let weight = |coding: Self| {
            let mut any = None;
            for part in header.split(',') {
                let mut parts = part.split(';');
                let name = parts.next().unwrap_or_default().trim();
                let weight = parts
                    .filter_map(|parameter| parameter.trim().strip_prefix("q="))
                    .next()
                    .map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok())
                    .filter(|weight| (0.0..=1.0).contains(weight))
                    .unwrap_or(0.0);
                let same = name.eq_ignore_ascii_case(coding.name())
                    || (coding == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"));
                if same {
                    return weight;
                }
                if name == "*" {
                    any = Some(weight);
                }
            }
            // Identity is acceptable unless it is refused.
            any.unwrap_or(if coding == Self::Identity {
                f32::MIN_POSITIVE
            } else {
                0.0
            })
        };
        let mut best = (Self::Identity, weight(Self::Identity));
        for coding in [Self::Gzip, Self::Brotli] {
            let weight = weight(coding);
            if offered.contains(&coding) && weight > 0.0 && weight >= best.1 {
                best = (coding, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_is_chosen() {
        for (header, expected) in [
            ("br, gzip", Coding::Gzip),
            ("br", Coding::Identity),
            ("br, gzip;q=0", Coding::Identity),
        ] {
            let chosen = Coding::choose(Some(header), &[Coding::Gzip]);
            assert_eq!(chosen, expected, "{header}");
        }
    }

    #[test]
    fn what_is_chosen() {
        for (header, expected) in [
            (None, Coding::Identity),
            (Some(""), Coding::Identity),
            (Some("gzip, deflate, br, zstd"), Coding::Brotli),
            (Some("gzip, deflate"), Coding::Gzip),
            (Some("GZIP"), Coding::Gzip),
            (Some("br;q=0.5, gzip;q=0.9"), Coding::Gzip),
            (Some("br;q=0, gzip"), Coding::Gzip),
            (Some("br;q=0.0, gzip;q=0"), Coding::Identity),
            (Some("*"), Coding::Brotli),
            (Some("*;q=0.1, br;q=0"), Coding::Gzip),
            (Some("identity"), Coding::Identity),
            (Some("identity;q=1, br;q=0.2"), Coding::Identity),
            (Some("br;q=nonsense"), Coding::Identity),
            (Some("br ; q=1"), Coding::Brotli),
            (Some("*;q=0"), Coding::Identity),
        ] {
            let offered = [Coding::Brotli, Coding::Gzip, Coding::Identity];
            assert_eq!(Coding::choose(header, &offered), expected, "{header:?}");
        }
    }
}
