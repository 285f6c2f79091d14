//! Requests as nobody should send them, and some as they should be: the same ones for the same seed.

/// Random numbers that anybody can have again. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).unwrap()
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most);
        (0..count).map(|_| self.number().to_be_bytes()[0]).collect()
    }
}

/// The request that is answered with credentials: everything here is made of it.
pub struct Good {
    pub host: String,
    pub path: &'static str,
    /// Header and value that prove who asks.
    pub proof: (&'static str, String),
}

/// A request, and what is known of it.
pub struct Case {
    pub bytes: Vec<u8>,
    /// Whether it asks properly, so that credentials are a right answer. Of a request with changed bytes: whether it may.
    pub is_proper: bool,
    pub is_head: bool,
    /// Whether the connection stays usable, so that another request may follow at once.
    pub stays: bool,
}

const METHODS: [&str; 12] = [
    "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "Get", "PROPFIND", "G", "GETGET",
    "PRI",
];
const PATHS: [&str; 24] = [
    "/latest/",
    "/latest/user-data",
    "/latest/api/token",
    "/stop",
    "/etc/passwd",
    "/..",
    "/latest/../",
    "//",
    "///",
    "/%00",
    "/%2e%2e/",
    "/%2E/x",
    "/\\..\\",
    "/latest/meta-data/iam/security-credentials/other",
    "/role-arn/",
    "/role-arn/x",
    "/profile/",
    "/profile/nobody/",
    "/profile/deploy/role-arn/",
    "/profile/%64%65ploy%2f",
    "/;",
    "/?",
    "/#",
    "/\u{e9}",
];
/// Each breaks one rule of the guard.
const FORBIDDEN: [&str; 18] = [
    "Origin: http://evil.example",
    "Origin:",
    "origin: null",
    "REFERER: http://evil.example/",
    "Referer:",
    "Sec-Fetch-Site: cross-site",
    "sec-fetch-site: same-origin",
    "X-Forwarded-For: 127.0.0.1",
    "x-forwarded-for:",
    "X-Forwarded-Host: 127.0.0.1",
    "Forwarded: for=127.0.0.1",
    "Via: 1.1 localhost",
    "X-Real-IP: 127.0.0.1",
    "Host: 127.0.0.1",
    "Host: evil.example",
    "Content-Length: 7",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity",
];
const HARMLESS: [&str; 8] = [
    "User-Agent: aws-sdk",
    "Accept: */*",
    "accept-encoding: identity",
    "Connection: keep-alive",
    "Content-Length: 0",
    "Sec-Fetch-Site: none",
    "X-Amz-Date: 20261125T000000Z",
    "amz-sdk-request: attempt=1",
];
/// Ends of a head with which two parsers may see different requests.
const FRAMES: [&str; 10] = [
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5, 5",
    "Content-Length: +5",
    "Content-Length: -1",
    "Content-Length: 0x5",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
];
/// What speaks something else.
const FOREIGN: [&[u8]; 6] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n",
    b"\r\n\r\n\r\n",
    b"\0\0\0\0",
];

impl Good {
    fn head(&self, method: &str, path: &str, proof: &str, more: &str) -> String {
        let (name, _) = self.proof;
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{name}: {proof}\r\n{more}\r\n",
            self.host
        )
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.head("GET", self.path, &self.proof.1, "").into_bytes()
    }

    /// The good request, and the last one of its connection.
    pub fn last(&self) -> Case {
        let head = self.head("GET", self.path, &self.proof.1, "Connection: close\r\n");
        Case {
            is_proper: true,
            ..lone(head.into_bytes())
        }
    }

    /// One request; every kind is about as frequent.
    pub fn case(&self, dice: &mut Dice) -> Case {
        match dice.below(12) {
            0..=2 => self.with_harmless_headers(dice),
            3 | 4 => self.with_wrong_proof(dice),
            5 | 6 => self.for_something_else(dice),
            7 => self.forbidden(dice),
            8 => self.ill_framed(dice),
            9 => self.ill_written(dice),
            10 => self.with_changed_bytes(dice),
            _ => foreign(dice),
        }
    }

    fn with_harmless_headers(&self, dice: &mut Dice) -> Case {
        let method = *dice.one_of(&["GET", "GET", "GET", "HEAD"]);
        let more: Vec<String> = (0..dice.below(3))
            .map(|_| format!("{}\r\n", dice.one_of(&HARMLESS)))
            .collect();
        let head = self.head(method, self.path, &self.proof.1, &more.concat());
        Case {
            is_proper: true,
            is_head: method == "HEAD",
            ..staying(head)
        }
    }

    fn with_wrong_proof(&self, dice: &mut Dice) -> Case {
        let right = &self.proof.1;
        let at = dice.below(right.len());
        let wrong = match dice.below(7) {
            0 => String::new(),
            1 => right[at..].to_owned() + &right[..at] + "A",
            2 => right[..at].to_owned(),
            3 => format!("Bearer {right}"),
            4 => format!("{right}{right}"),
            5 => format!("{right}\r\n{}: {right}", self.proof.0),
            _ => {
                right[..at].to_owned()
                    + if &right[at..=at] == "x" { "y" } else { "x" }
                    + &right[at + 1..]
            }
        };
        staying(self.head("GET", self.path, &wrong, ""))
    }

    fn for_something_else(&self, dice: &mut Dice) -> Case {
        if dice.below(2) == 0 {
            let method = *dice.one_of(&METHODS);
            return lone(self.head(method, self.path, &self.proof.1, "").into_bytes());
        }
        let path = format!(
            "{}{}",
            dice.one_of(&PATHS),
            dice.one_of(&["", "/", "x", "?x", "%2f", "/latest/meta-data/"])
        );
        // One slash too many in front is borne, and what follows `?` or `#` is nobody's business.
        let bare = path.split(['?', '#']).next().unwrap();
        let is_proper = self.path == "/" && matches!(bare, "/" | "//");
        Case {
            is_proper,
            ..lone(self.head("GET", &path, &self.proof.1, "").into_bytes())
        }
    }

    fn forbidden(&self, dice: &mut Dice) -> Case {
        let line = dice.one_of(&FORBIDDEN);
        lone(
            self.head("GET", self.path, &self.proof.1, &format!("{line}\r\n"))
                .into_bytes(),
        )
    }

    /// With a body that is a good request: whoever takes it for one has been smuggled past.
    fn ill_framed(&self, dice: &mut Dice) -> Case {
        let mut bytes = self
            .head(
                "GET",
                self.path,
                &self.proof.1,
                &format!("{}\r\n", dice.one_of(&FRAMES)),
            )
            .into_bytes();
        bytes.extend(
            dice.one_of(&[&b"0\r\n\r\n"[..], b"", b"5\r\nhello\r\n0\r\n\r\n"])
                .iter(),
        );
        bytes.extend(self.bytes());
        lone(bytes)
    }

    fn ill_written(&self, dice: &mut Dice) -> Case {
        let good = String::from_utf8(self.bytes()).unwrap();
        let long = "x".repeat(17_000 + dice.below(20_000));
        let many = "x: y\r\n".repeat(101 + dice.below(200));
        let text = match dice.below(12) {
            0 => good.replacen(" HTTP/1.1", "", 1),
            1 => good.replacen("HTTP/1.1", "HTTP/2.0", 1),
            2 => good.replacen("HTTP/1.1", "HTTP/1.1.1", 1),
            3 => good.replacen("Host:", "Host :", 1),
            4 => good.replacen("Host: ", "Host: x\r\n ", 1),
            5 => good.replacen("Host: ", "Host: \0", 1),
            6 => good.replacen("GET ", &format!("GET http://{}", self.host), 1),
            7 => good.replacen("GET ", "GET http://evil.example", 1),
            8 => good.replacen("\r\n\r\n", &format!("\r\nX-Long: {long}\r\n\r\n"), 1),
            9 => good.replacen(self.path, &format!("/{long}"), 1),
            10 => good.replacen("\r\n\r\n", &format!("\r\n{many}\r\n"), 1),
            _ => good.replacen("Host:", "Hast:", 1),
        };
        lone(text.into_bytes())
    }

    fn with_changed_bytes(&self, dice: &mut Dice) -> Case {
        let mut bytes = self.bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            let byte = dice.number().to_be_bytes()[0];
            match dice.below(3) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        Case {
            is_proper: has(&self.proof.1) && has(&self.host),
            ..lone(bytes)
        }
    }
}

fn foreign(dice: &mut Dice) -> Case {
    let mut bytes = dice.one_of(&FOREIGN).to_vec();
    bytes.extend(dice.bytes(200));
    lone(if dice.below(2) == 0 {
        bytes
    } else {
        dice.bytes(400)
    })
}

fn staying(head: String) -> Case {
    Case {
        stays: true,
        ..lone(head.into_bytes())
    }
}

fn lone(bytes: Vec<u8>) -> Case {
    Case {
        bytes,
        is_proper: false,
        is_head: false,
        stays: false,
    }
}
