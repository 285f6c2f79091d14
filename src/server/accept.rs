//! Sockets: accepting, limits, and the way from a connection to `respond`.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::{LocalOptions, LocalRuntime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_local;

use super::credentials::{Client, Desk, Supply};
use super::memory::{Crowd, Member};
use super::reply::Reply;
use super::site::{Answer, Site, respond};
use crate::peer::{Peer, Sockets};

/// Our user's programs: more connections than any of them opens, and fewer than the usual 1,024 files once raised.
const MOST_CONNECTIONS: usize = 1500;
/// Other users get an answer that tells them why, but not all our sockets.
const MOST_STRANGERS: usize = 16;
/// For the head of a request; also how long an idle connection stays.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// No client needs one connection for longer.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(10);
/// Of a request's head; more is answered with 431.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// Connections that nobody accepted yet. std asks for 128; whoever comes too many would try again after a second.
#[cfg(unix)]
const BACKLOG: i32 = 4096;
/// As EC2's answers: they do not survive a router.
const HOP_LIMIT: u32 = 1;

/// An open address and what it serves.
#[derive(Debug)]
pub struct Listener {
    pub socket: TcpListener,
    pub site: Arc<Site>,
    pub neighbours: Neighbours,
}

/// Who may connect.
#[derive(Debug)]
pub enum Neighbours {
    /// Programs of our user, in the network namespace of these sockets.
    OurUser(Sockets),
    /// Containers on a bridge: their sockets are not on this side of it.
    Network { address: Ipv4Addr, prefix: u8 },
}

/// Tells about every release of credentials, never what they are.
pub type AccessLog = Arc<dyn Fn(&str) + Send + Sync>;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One connection's facts.
struct Connection {
    site: Arc<Site>,
    desk: Rc<Desk>,
    log: Option<AccessLog>,
    peer: Option<Peer>,
    is_welcome: bool,
    client: OnceCell<Client>,
}

/// Serves on a thread of its own.
pub fn start(
    listeners: Vec<Listener>,
    supply: Supply,
    log: Option<AccessLog>,
) -> std::io::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    for listener in &listeners {
        listener.socket.set_nonblocking(true)?;
        listener.socket.set_ttl(HOP_LIMIT)?;
        #[cfg(unix)]
        rustix::net::listen(&listener.socket, BACKLOG)?;
    }
    let (ready, readiness) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("server".to_owned())
        .spawn(move || {
            let runtime = runtime().map_err(|error| ready.send(Err(error)));
            let Ok(runtime) = runtime else { return };
            let _ = ready.send(Ok(()));
            runtime.block_on(async {
                let desk = Desk::new(supply);
                for listener in listeners {
                    spawn_local(accept(listener, Rc::clone(&desk), log.clone()));
                }
                let _ = stopped.await;
            });
        })?;
    readiness
        .recv()
        .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))?;
    Ok(Running {
        stop: Some(stop),
        thread: Some(thread),
    })
}

/// One thread: what is done for a request takes microseconds, and a second thread would only wait for the first.
fn runtime() -> std::io::Result<LocalRuntime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: Listener, desk: Rc<Desk>, log: Option<AccessLog>) {
    let Ok(socket) = tokio::net::TcpListener::from_std(listener.socket) else {
        return;
    };
    let Ok(SocketAddr::V4(server)) = socket.local_addr() else {
        return;
    };
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let strangers = Arc::new(Semaphore::new(MOST_STRANGERS));
    let crowd = Rc::new(Crowd::default());
    loop {
        // Whoever comes too many waits in the kernel's queue.
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match socket.accept().await {
            Ok((stream, SocketAddr::V4(client))) => (stream, client),
            Ok(_) => continue,
            Err(_) => {
                // Out of files: some connections must end first.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let (stream, client) = stream;
        let (peer, is_welcome) = listener.neighbours.look_at(client, server);
        let seat = if is_welcome {
            seat
        } else {
            match Arc::clone(&strangers).try_acquire_owned() {
                Ok(seat) => seat,
                Err(_) => continue,
            }
        };
        let connection = Connection {
            site: Arc::clone(&listener.site),
            desk: Rc::clone(&desk),
            log: log.clone(),
            peer,
            is_welcome,
            client: OnceCell::new(),
        };
        spawn_local(serve(stream, Rc::new(connection), (seat, crowd.enter())));
    }
}

async fn serve(
    stream: TcpStream,
    connection: Rc<Connection>,
    _seat: (OwnedSemaphorePermit, Member),
) {
    // Head and body leave in one segment, at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let connection = Rc::clone(&connection);
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks off is its client's business.
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, served).await;
}

impl Connection {
    async fn answer(&self, request: http::Request<Incoming>) -> Reply {
        let (head, _body) = request.into_parts();
        match respond(&self.site, &head, self.is_welcome, self.desk.now()) {
            Answer::Reply(reply) => reply,
            Answer::Credentials(subject, form) => {
                let line = self.log.as_ref().map(|_| self.line(&subject));
                let reply = self
                    .desk
                    .reply(subject, form, || self.client().clone())
                    .await;
                if let (Some(log), Some(line)) = (&self.log, line) {
                    log(&format!("{line}: {}", reply.status()));
                }
                reply
            }
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client {
            program: self.peer.and_then(Peer::program),
        })
    }

    fn line(&self, subject: &super::Subject) -> String {
        let profile = &self.site.profiles[subject.profile].profile;
        let role = match &subject.role_arn {
            Some(arn) => format!(", role {arn}"),
            None => String::new(),
        };
        format!("credentials of '{profile}'{role} for {}", self.client())
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.program {
            Some(program) => write!(f, "{} (process {})", program.name, program.pid),
            None => f.write_str("a program that cannot be told"),
        }
    }
}

impl Neighbours {
    fn look_at(&self, client: SocketAddrV4, server: SocketAddrV4) -> (Option<Peer>, bool) {
        match self {
            Self::OurUser(sockets) => sockets.look_at(client, server),
            Self::Network { address, prefix } => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*prefix)).unwrap_or(0);
                let network = |ip: Ipv4Addr| u32::from(ip) & mask;
                (None, network(*client.ip()) == network(*address))
            }
        }
    }
}
