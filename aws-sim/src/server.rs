//! A world behind a port, on a thread of its own.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use crate::faults::{Fault, Faults};
use crate::log::Call;
use crate::request::Request;
use crate::respond::respond;
use crate::response::{Delivery, Response};
use crate::world::World;

const MOST_BODY_BYTES: usize = 1 << 20;

/// A simulated AWS that listens until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    world: Arc<Mutex<World>>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves a world on a free port of 127.0.0.1.
    pub fn start(world: World) -> io::Result<Self> {
        Self::listen(world, (Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Serves a world on the address given.
    pub fn listen(world: World, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let world = Arc::new(Mutex::new(world));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = Arc::clone(&world);
        let thread = std::thread::Builder::new()
            .name("aws-sim".into())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))?;
        Ok(Self {
            endpoint,
            world,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The world, for anything there is no method for. Requests wait meanwhile.
    pub fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    /// Replaces the fault script.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.world().faults = Faults::new(faults);
    }

    /// Every call so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.world().calls.clear();
    }

    /// Ends every sign-in for developer tools, as a changed password does.
    pub fn end_sign_ins(&self) {
        crate::oauth::end_all(&mut self.world());
    }

    /// An unused code of a device, good for at least 30 seconds; `None` if there is no such device, or this step's code
    /// and the next one's are used up.
    pub fn token_code(&self, serial: &str) -> Option<String> {
        let world = self.world();
        let now = crate::clock::unix(world.time(SystemTime::now()));
        let users = world
            .accounts
            .values()
            .flat_map(|account| account.users.values());
        let device = users
            .flat_map(|user| &user.mfa_devices)
            .find(|device| device.serial == serial)?;
        device.next_code(now).ok().flatten()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported over there.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: TcpListener,
    world: Arc<Mutex<World>>,
    mut stopped: oneshot::Receiver<Infallible>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => {
                let Ok((stream, peer)) = accepted else { continue };
                // Head and body leave in two writes; without this a client's delayed acknowledgement holds the body back by 40 ms.
                let _ = stream.set_nodelay(true);
                let world = Arc::clone(&world);
                let service = service_fn(move |request| exchange(Arc::clone(&world), request, peer));
                // A client that goes away, and a fault that closes the connection, both end here as errors.
                tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
            }
        }
    }
}

/// An exchange that ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Closed;

type Body = Channel<Bytes, Closed>;

async fn exchange(
    world: Arc<Mutex<World>>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Result<hyper::Response<Body>, Closed> {
    let request = received(request, peer).await?;
    let response = respond(&mut locked(&world), &request, SystemTime::now());
    match response.delivery {
        Delivery::Closed => return Err(Closed),
        Delivery::Silent(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            return Err(Closed);
        }
        Delivery::Delayed(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Delivery::Whole | Delivery::Dripped(_) | Delivery::Cut => {}
    }
    sent(response)
}

async fn received(request: hyper::Request<Incoming>, peer: SocketAddr) -> Result<Request, Closed> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MOST_BODY_BYTES)
        .collect()
        .await
        .map_err(|_| Closed)?
        .to_bytes()
        .to_vec();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body,
        source_ip: peer.ip(),
    })
}

fn sent(response: Response) -> Result<hyper::Response<Body>, Closed> {
    let (sender, body) = Channel::new(1);
    let mut head = hyper::Response::builder()
        .status(response.status)
        .header("content-length", response.body.len());
    for (name, value) in &response.headers {
        head = head.header(name, value);
    }
    tokio::spawn(write(sender, response));
    head.body(body).map_err(|_| Closed)
}

async fn write(mut sender: Sender<Bytes, Closed>, response: Response) {
    let body = Bytes::from(response.body);
    match response.delivery {
        Delivery::Dripped(bytes_per_s) => {
            let pause =
                Duration::from_secs(1) / u32::try_from(bytes_per_s.max(1)).unwrap_or(u32::MAX);
            for at in 0..body.len() {
                tokio::time::sleep(pause).await;
                if sender.send_data(body.slice(at..=at)).await.is_err() {
                    return;
                }
            }
        }
        Delivery::Cut => {
            drop(sender.send_data(body.slice(..body.len() / 2)).await);
            sender.abort(Closed);
        }
        _ => drop(sender.send_data(body).await),
    }
}

/// A test thread that panicked while it held the world leaves it as usable as it was.
fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
