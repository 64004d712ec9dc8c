use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::server::base_url;
use crate::{Gallery, GalleryError, GalleryServer, GalleryStats};

/// A gallery on a free loopback port, on a thread of its own: for code that is not async, or whose
/// runtime is not to do the server's work. Dropping it ends its connections and its thread.
pub struct EmbeddedGallery {
    gallery: Arc<Gallery>,
    local_addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedGallery {
    /// Starts the thread and returns once the gallery listens.
    ///
    /// # Errors
    ///
    /// [`GalleryError::Start`] where the system gives no thread or event queue, and
    /// [`GalleryError::Bind`] where it gives no port.
    pub fn start(gallery: Gallery) -> Result<Self, GalleryError> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(GalleryError::Start)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("gallery".to_owned());
        let thread = thread.spawn(move || run(&runtime, gallery, &ready, stopped));
        let thread = Some(thread.map_err(GalleryError::Start)?);
        let (gallery, local_addr) =
            started.recv().expect("the thread says how the start went before it ends")?;
        Ok(Self { gallery, local_addr, stop: Some(stop), thread })
    }

    /// The address that is listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What paths are appended to, such as `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> String {
        base_url(self.local_addr)
    }

    /// What was counted so far.
    pub fn stats(&self) -> GalleryStats {
        self.gallery.stats()
    }
}

impl Drop for EmbeddedGallery {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was reported when it happened; a second one here would abort.
            let _ended = thread.join();
        }
    }
}

impl fmt::Debug for EmbeddedGallery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("EmbeddedGallery");
        debug.field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

type Started = Result<(Arc<Gallery>, SocketAddr), GalleryError>;

fn run(
    runtime: &Runtime,
    gallery: Gallery,
    ready: &mpsc::SyncSender<Started>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let bound = GalleryServer::bind(gallery, (Ipv4Addr::LOCALHOST, 0).into()).await;
        match bound {
            Ok(server) => {
                let started = (server.gallery(), server.local_addr());
                // Nobody waits for a send that fails, nor for the server then.
                if ready.send(Ok(started)).is_ok() {
                    // The sender is dropped to stop, so an error is what is waited for.
                    let _dropped = stopped.await;
                }
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
}
