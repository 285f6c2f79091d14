//! The browsers that are known by name: where they are, and how they are told to open a window of its own.

/// One browser.
#[derive(Debug)]
pub struct Known {
    /// The first one is how we call it.
    pub names: &'static [&'static str],
    pub family: Family,
    /// Programs on Linux, looked up in `PATH`; Flatpak's exports are called like its application ids.
    pub programs: &'static [&'static str],
    /// The application on macOS.
    pub application: &'static str,
    /// Below Windows' folders for programs.
    pub windows: &'static str,
    /// Opens a window without history and cookies.
    pub private: Option<&'static str>,
    /// Where Chromium keeps its profiles: below `~/.config`, below `~/Library/Application Support`, below `%LOCALAPPDATA%`.
    pub user_data: [&'static str; 3],
}

/// What a browser's command line understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `--profile-directory`, `--user-data-dir`.
    Chromium,
    /// `-P`, and containers by an add-on.
    Firefox,
    /// An address.
    Plain,
}

impl Known {
    pub fn find(name: &str) -> Option<&'static Self> {
        BROWSERS.iter().find(|known| known.names.contains(&name))
    }

    /// The browser that a program belongs to, e.g. the one in `BROWSER`.
    pub fn of_program(program: &str) -> Option<&'static Self> {
        BROWSERS
            .iter()
            .find(|known| known.programs.contains(&program))
    }

    pub fn name(&self) -> &'static str {
        self.names[0]
    }
}

const INCOGNITO: Option<&str> = Some("--incognito");
const PRIVATE_WINDOW: Option<&str> = Some("--private-window");
const NO_DATA: [&str; 3] = [""; 3];

pub const BROWSERS: &[Known] = &[
    Known {
        names: &["chrome", "google-chrome"],
        family: Family::Chromium,
        programs: &[
            "google-chrome-stable",
            "google-chrome",
            "chrome",
            "com.google.Chrome",
        ],
        application: "Google Chrome",
        windows: r"Google\Chrome\Application\chrome.exe",
        private: INCOGNITO,
        user_data: ["google-chrome", "Google/Chrome", r"Google\Chrome\User Data"],
    },
    Known {
        names: &["chromium"],
        family: Family::Chromium,
        programs: &["chromium", "chromium-browser", "org.chromium.Chromium"],
        application: "Chromium",
        windows: r"Chromium\Application\chrome.exe",
        private: INCOGNITO,
        user_data: ["chromium", "Chromium", r"Chromium\User Data"],
    },
    Known {
        names: &["edge", "msedge"],
        family: Family::Chromium,
        programs: &[
            "microsoft-edge-stable",
            "microsoft-edge",
            "com.microsoft.Edge",
        ],
        application: "Microsoft Edge",
        windows: r"Microsoft\Edge\Application\msedge.exe",
        private: Some("--inprivate"),
        user_data: [
            "microsoft-edge",
            "Microsoft Edge",
            r"Microsoft\Edge\User Data",
        ],
    },
    Known {
        names: &["brave"],
        family: Family::Chromium,
        programs: &[
            "brave-browser",
            "brave-browser-stable",
            "brave",
            "com.brave.Browser",
        ],
        application: "Brave Browser",
        windows: r"BraveSoftware\Brave-Browser\Application\brave.exe",
        private: INCOGNITO,
        user_data: [
            "BraveSoftware/Brave-Browser",
            "BraveSoftware/Brave-Browser",
            r"BraveSoftware\Brave-Browser\User Data",
        ],
    },
    Known {
        names: &["vivaldi"],
        family: Family::Chromium,
        programs: &["vivaldi-stable", "vivaldi", "com.vivaldi.Vivaldi"],
        application: "Vivaldi",
        windows: r"Vivaldi\Application\vivaldi.exe",
        private: INCOGNITO,
        user_data: ["vivaldi", "Vivaldi", r"Vivaldi\User Data"],
    },
    Known {
        names: &["opera"],
        family: Family::Chromium,
        programs: &["opera", "com.opera.Opera"],
        application: "Opera",
        windows: r"Programs\Opera\opera.exe",
        private: Some("--private"),
        user_data: [
            "opera",
            "com.operasoftware.Opera",
            r"Opera Software\Opera Stable",
        ],
    },
    Known {
        names: &["firefox"],
        family: Family::Firefox,
        programs: &["firefox", "firefox-esr", "org.mozilla.firefox"],
        application: "Firefox",
        windows: r"Mozilla Firefox\firefox.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["firefox-developer-edition", "firefox-dev"],
        family: Family::Firefox,
        programs: &["firefox-developer-edition", "firefox-devedition"],
        application: "Firefox Developer Edition",
        windows: r"Firefox Developer Edition\firefox.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["firefox-nightly"],
        family: Family::Firefox,
        programs: &["firefox-nightly"],
        application: "Firefox Nightly",
        windows: r"Firefox Nightly\firefox.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["librewolf"],
        family: Family::Firefox,
        programs: &["librewolf", "io.gitlab.librewolf-community"],
        application: "LibreWolf",
        windows: r"LibreWolf\librewolf.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["waterfox"],
        family: Family::Firefox,
        programs: &["waterfox", "net.waterfox.waterfox"],
        application: "Waterfox",
        windows: r"Waterfox\waterfox.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["zen"],
        family: Family::Firefox,
        programs: &["zen-browser", "zen", "app.zen_browser.zen"],
        application: "Zen",
        windows: r"Zen Browser\zen.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["floorp"],
        family: Family::Firefox,
        programs: &["floorp", "one.ablaze.floorp"],
        application: "Floorp",
        windows: r"Floorp\floorp.exe",
        private: PRIVATE_WINDOW,
        user_data: NO_DATA,
    },
    Known {
        names: &["safari"],
        family: Family::Plain,
        programs: &[],
        application: "Safari",
        windows: "",
        private: None,
        user_data: NO_DATA,
    },
    Known {
        names: &["arc"],
        family: Family::Plain,
        programs: &[],
        application: "Arc",
        windows: "",
        private: None,
        user_data: NO_DATA,
    },
    Known {
        names: &["epiphany", "gnome-web"],
        family: Family::Plain,
        programs: &["epiphany", "epiphany-browser", "org.gnome.Epiphany"],
        application: "",
        windows: "",
        private: Some("--incognito-mode"),
        user_data: NO_DATA,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_and_program_is_there_once() {
        let names: Vec<_> = BROWSERS.iter().flat_map(|known| known.names).collect();
        let programs: Vec<_> = BROWSERS.iter().flat_map(|known| known.programs).collect();
        for all in [names, programs] {
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        }
        assert_eq!(Known::find("google-chrome").unwrap().name(), "chrome");
        assert_eq!(Known::of_program("firefox-esr").unwrap().name(), "firefox");
    }

    #[test]
    fn the_page_lists_every_browser() {
        let page = include_str!("../../docs/login.md");
        for known in BROWSERS {
            let row = format!("| `{}` |", known.names.join("`, `"));
            assert!(page.contains(&row), "docs/login.md has no row {row}");
        }
    }
}
