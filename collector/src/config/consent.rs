//! Consent where nobody has asked the visitor yet.

use firstglance_engine::model::Consent;

/// What holds until the visitor or the page says something else.
///
/// Besides the states there are two that are no states: they name who in the page knows the
/// decision. The collector only passes them on; a message always says a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultConsent {
    /// This state.
    State(Consent),
    /// What Google Consent Mode says in the page.
    GoogleConsentMode,
    /// What the page's API of the IAB Transparency & Consent Framework says.
    TransparencyFramework,
}

impl Default for DefaultConsent {
    fn default() -> Self {
        Self::USUAL
    }
}

impl DefaultConsent {
    /// What holds where nothing is configured.
    pub const USUAL: Self = Self::State(Consent::Granted);

    /// All of them, the states first.
    pub const ALL: [Self; 6] = [
        Self::State(Consent::Granted),
        Self::State(Consent::Segments),
        Self::State(Consent::Session),
        Self::State(Consent::Denied),
        Self::GoogleConsentMode,
        Self::TransparencyFramework,
    ];

    /// The name in configuration, script tag and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::GoogleConsentMode => "google",
            Self::TransparencyFramework => "tcf",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_every_name() {
        for state in Consent::ALL {
            assert!(DefaultConsent::ALL.contains(&DefaultConsent::State(state)));
        }
        for one in DefaultConsent::ALL {
            assert_eq!(DefaultConsent::from_name(one.name()), Some(one));
        }
        assert_eq!(DefaultConsent::from_name("Google"), None);
        let engine = DefaultConsent::State(Consent::default());
        assert_eq!(DefaultConsent::USUAL, engine);
    }
}
