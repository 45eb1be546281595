//! Every control stream of one socket: which connection is whose, and what is due.
//!
//! No thread and no clock of its own: `serve` is one turn. A connection is tied to its stream from its connect event to
//! its end event, so a late end of an older one cannot touch the next stream in the same slot.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::control::enet::HURRIED_TICK;
use crate::control::stream::ClientStream;
use crate::control::transport::{ControlTransport, Expected, Slot, TransportEvent};

/// The streams of one transport.
pub struct Server<T> {
    transport: T,
    streams: Vec<ClientStream>,
    expected: Vec<Expected>,
}

/// What `serve` could not place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it came from.
    pub from: SocketAddr,
}

impl<T: ControlTransport> Server<T> {
    /// A server without streams.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            streams: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// Waits for one more client.
    pub fn attach(&mut self, stream: ClientStream) {
        self.streams.push(stream);
    }

    /// Its transport.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Streams that are not over.
    pub fn streams(&self) -> &[ClientStream] {
        &self.streams
    }

    /// One turn: what came in, then what is due. Answers the last connection that belonged to nobody.
    pub fn serve(&mut self, now_ns: u64) -> Option<Refused> {
        self.tell_expected();
        let mut refused = None;
        while let Some(event) = self.transport.next_event() {
            match event {
                TransportEvent::Connected { slot, data, from } => {
                    if !self.connect(slot, data, from, now_ns) {
                        self.transport.disconnect_now(slot);
                        refused = Some(Refused { from });
                    }
                }
                TransportEvent::Message { slot, mut payload } => {
                    if let Some(stream) = self.stream_in(slot) {
                        stream.handle_message(&mut payload, now_ns);
                    }
                }
                TransportEvent::Disconnected { slot } => {
                    if let Some(stream) = self.stream_in(slot) {
                        stream.handle_disconnected(now_ns);
                    }
                }
            }
        }
        while let Some((slot, us)) = self.transport.next_round_trip() {
            if let Some(stream) = self.stream_in(slot) {
                stream.handle_round_trip(us);
            }
        }
        for stream in &mut self.streams {
            stream.poll(&mut self.transport, now_ns);
        }
        self.streams.retain(|stream| !stream.is_gone());
        self.tell_expected();
        self.transport.flush();
        refused
    }

    /// When something is due, if nothing comes in.
    pub fn deadline_ns(&self) -> Option<u64> {
        self.streams
            .iter()
            .filter_map(ClientStream::deadline_ns)
            .min()
    }

    /// How long it may be left alone when nothing comes in; absent: for ever.
    pub fn patience(&mut self) -> Option<Duration> {
        let leaving = self.streams.iter().any(ClientStream::is_leaving);
        let hurried = leaving.then_some(HURRIED_TICK);
        hurried.or_else(|| self.transport.patience())
    }

    fn connect(&mut self, slot: Slot, data: u32, from: SocketAddr, now_ns: u64) -> bool {
        let Some(index) = self.find_waiting(data, from.ip()) else {
            return false;
        };
        self.streams[index].handle_connected(slot, from, now_ns);
        true
    }

    /// The one stream that waits for such a connect. Two old clients of one address cannot be told apart.
    fn find_waiting(&self, data: u32, ip: IpAddr) -> Option<usize> {
        let mut waiting =
            (0..self.streams.len()).filter(|index| self.streams[*index].waits_for(data, ip));
        let only = waiting.next()?;
        waiting.next().is_none().then_some(only)
    }

    fn stream_in(&mut self, slot: Slot) -> Option<&mut ClientStream> {
        self.streams
            .iter_mut()
            .find(|stream| stream.slot() == Some(slot))
    }

    fn tell_expected(&mut self) {
        let expected: Vec<_> = self
            .streams
            .iter()
            .filter_map(ClientStream::expected)
            .collect();
        if expected != self.expected {
            self.expected.clone_from(&expected);
            self.transport.expect(expected);
        }
    }
}
