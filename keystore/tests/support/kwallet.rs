//! A real KDE Wallet on a private session bus, and a stand-in for what it does only when people click.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use aws_vault_keystore::KwalletKeystore;
use dbus::Message;
use dbus::channel::Channel;
use dbus::message::MessageType;

use super::bus::{Bus, end, patient, signal};
use super::{PYTHON, start, support_file};

const CONFIG: &str = "[Wallet]\nEnabled=true\nFirst Use=false\nPrompt on Open=false\n";

/// A KDE Wallet without a display: its dialogs are open, but nobody can answer them. Ends when dropped.
pub struct Kwallet {
    pub bus: Bus,
    daemon: Child,
}

impl Kwallet {
    /// With our wallet, empty and open.
    pub fn start() -> Kwallet {
        let kwallet = Kwallet::without_wallet();
        kwallet.unlock();
        kwallet
    }

    pub fn without_wallet() -> Kwallet {
        let bus = Bus::start();
        fs::write(bus.dir.path().join("kwalletrc"), CONFIG).unwrap();
        Kwallet {
            daemon: start_daemon(&bus),
            bus,
        }
    }

    pub fn keystore(&self) -> KwalletKeystore {
        KwalletKeystore::new()
            .at_address(&self.bus.address)
            .with_limits(patient())
    }

    /// Starts the service again, with the wallet closed.
    pub fn restart(&mut self) {
        // Not killed, so that nothing is lost that it would still save.
        signal("TERM", &self.daemon);
        self.daemon.wait().unwrap();
        self.daemon = start_daemon(&self.bus);
    }

    pub fn restart_after_kill(&mut self) {
        self.daemon = start_daemon(&self.bus);
    }

    pub fn unlock(&self) {
        self.python(&["unlock"], "");
        for _ in 0..6000 {
            if self.is_open() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the wallet was not opened within a minute");
    }

    pub fn is_open(&self) -> bool {
        self.python(&["open"], "") == "yes\n"
    }

    pub fn write(&self, name: &str, text: &str) {
        self.python(&["write", name], text);
    }

    pub fn read(&self, name: &str) -> String {
        self.python(&["read", name], "")
    }

    pub fn kill(&mut self) {
        end(&mut self.daemon);
    }

    pub fn suspend(&self) {
        signal("STOP", &self.daemon);
    }

    pub fn resume(&self) {
        signal("CONT", &self.daemon);
    }

    fn python(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.bus.command(PYTHON);
        command
            .arg(support_file("kwallet.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = start("python3", &mut command);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kwallet.py: {complaints}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Kwallet {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

fn start_daemon(bus: &Bus) -> Child {
    let mut daemon = start(
        "libkf5wallet-bin",
        bus.command("kwalletd5")
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("XDG_CONFIG_HOME", bus.dir.path())
            .env("XDG_CACHE_HOME", bus.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    for _ in 0..6000 {
        let store = KwalletKeystore::new().at_address(&bus.address);
        if store.probe().is_ok() {
            return daemon;
        }
        sleep(Duration::from_millis(10));
    }
    end(&mut daemon);
    panic!("kwalletd5 did not appear on the bus within a minute");
}

/// What the stand-in answers.
pub enum Answer {
    Bool(bool),
    Int(i32),
    Bytes(Vec<u8>),
    Texts(Vec<String>),
    Nothing,
    Silence,
}

/// Owns a name on the bus and answers calls from a script; ends when dropped.
pub struct StandIn {
    calls: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    pub fn start(
        bus: &Bus,
        name: &str,
        answer: impl Fn(&str) -> Answer + Send + 'static,
    ) -> StandIn {
        let mut channel = Channel::open_private(&bus.address).unwrap();
        channel.register().unwrap();
        let dbus = "org.freedesktop.DBus";
        let request = Message::call_with_args(
            dbus,
            "/org/freedesktop/DBus",
            dbus,
            "RequestName",
            (name, 0_u32),
        );
        channel
            .send_with_reply_and_block(request, patient().call)
            .unwrap();
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (heard, stopped) = (Arc::clone(&calls), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let popped = channel.blocking_pop_message(Duration::from_millis(20));
                let Some(message) = popped.unwrap() else {
                    continue;
                };
                if message.msg_type() == MessageType::MethodCall {
                    let member = message.member().unwrap().to_string();
                    heard.lock().unwrap().push(member.clone());
                    respond(&channel, &message, answer(&member));
                }
            }
        });
        StandIn {
            calls,
            stop,
            thread: Some(thread),
        }
    }

    /// The methods that were called since the last time.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn respond(channel: &Channel, call: &Message, answer: Answer) {
    let reply = call.method_return();
    let reply = match answer {
        Answer::Bool(value) => reply.append1(value),
        Answer::Int(value) => reply.append1(value),
        Answer::Bytes(value) => reply.append1(value),
        Answer::Texts(value) => reply.append1(value),
        Answer::Nothing => reply,
        Answer::Silence => return,
    };
    channel.send(reply).unwrap();
    channel.flush();
}
