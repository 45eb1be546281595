//! What may reach ENet: a look at every datagram of the control port before the library sees it.
//!
//! Does not keep connections, acknowledge or send: that is the ENet library's. Holds no socket or clock. A
//! datagram is `peer and flags u16, [sent time u16], commands`, all BE. A client's is never compressed,
//! never above 900 bytes, and opens a connection with one CONNECT alone in 52 bytes.
//! Source: gamestream-control-stream.md 3.2 to 3.4, 6.3, 11.

use std::net::IpAddr;

/// A datagram of the control port, classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// Asks for a connection. To be passed on only when a session waits for its data.
    Connect(Connect),
    /// From somebody who claims to be a connected peer; its commands are well-formed.
    Peer(PeerDatagram<'a>),
    /// Not for ENet: dropped without an answer.
    Refused(Refusal),
}

/// What a client says of itself when it connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect {
    /// `X-SS-Connect-Data` of the session; 0 from clients that know none.
    pub data: u32,
    /// The client's own mark of the connection; its repetitions carry the same.
    pub connect_id: u32,
    /// Channels asked for, 1 to 255; 48 with stock clients.
    pub channels: u8,
    /// Largest datagram that the client takes; 900 with stock clients.
    pub mtu_bytes: u32,
}

/// A datagram of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerDatagram<'a> {
    /// Index of the peer with us, 0 to 4094.
    pub peer: u16,
    /// Which connection of that peer it is about, 0 to 3.
    pub session: u8,
    /// The sender's clock, ms; present when it waits for an acknowledgement.
    pub sent_time: Option<u16>,
    commands: &'a [u8],
}

impl<'a> PeerDatagram<'a> {
    /// The commands, 1 to 32.
    pub const fn commands(&self) -> Commands<'a> {
        Commands {
            rest: self.commands,
        }
    }

    /// The send times of ours that its acknowledgements carry back.
    pub fn acknowledged_times(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.commands()
            .filter_map(|command| command.acknowledged_time())
    }
}

/// Why a datagram is not for ENet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Below 4 bytes, or nothing behind the header.
    Short,
    /// Above 1,200 bytes.
    Long,
    /// Marked as compressed; nothing on this port is.
    Compressed,
    /// A new peer without exactly one CONNECT as clients write it.
    NotConnect,
    /// A CONNECT in a datagram of a connection.
    StrayConnect,
    /// A command that ENet does not have.
    UnknownCommand,
    /// A command that is longer than what is left of the datagram.
    Truncated,
    /// More than 32 commands.
    ManyCommands,
}

/// Looks at a datagram; no input is an error.
pub fn classify(datagram: &[u8]) -> Datagram<'_> {
    look(datagram).unwrap_or_else(Datagram::Refused)
}

fn look(datagram: &[u8]) -> Result<Datagram<'_>, Refusal> {
    if datagram.len() > LONGEST_BYTES {
        return Err(Refusal::Long);
    }
    let Some((&[h0, h1, t0, t1], behind_time)) = datagram.split_first_chunk() else {
        return Err(Refusal::Short);
    };
    let head = u16::from_be_bytes([h0, h1]);
    if head & FLAG_COMPRESSED != 0 {
        return Err(Refusal::Compressed);
    }
    let has_time = head & FLAG_SENT_TIME != 0;
    if head & PEER_MASK == NEW_PEER {
        return match datagram.first_chunk() {
            Some(bytes) if has_time && datagram.len() == CONNECT_BYTES => connect(bytes),
            _ => Err(Refusal::NotConnect),
        };
    }
    let commands = if has_time {
        behind_time
    } else {
        &datagram[2..]
    };
    check_commands(commands)?;
    Ok(Datagram::Peer(PeerDatagram {
        peer: head & PEER_MASK,
        session: (head >> SESSION_SHIFT & 3) as u8,
        sent_time: has_time.then_some(u16::from_be_bytes([t0, t1])),
        commands,
    }))
}

/// `04 82 ff, 06 sequence, 08 outgoing peer, 10 sessions, 12 mtu, 16 window, 20 channels, 24 bandwidths,
/// 32 throttle, 44 connect id, 48 data`.
fn connect(b: &[u8; CONNECT_BYTES]) -> Result<Datagram<'static>, Refusal> {
    let field = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
    let channels = u8::try_from(field(20)).unwrap_or(0);
    if b[4] != CONNECT_RELIABLE || b[5] != CONNECTION_CHANNEL || channels == 0 {
        return Err(Refusal::NotConnect);
    }
    Ok(Datagram::Connect(Connect {
        data: field(48),
        connect_id: field(44),
        channels,
        mtu_bytes: field(12),
    }))
}

fn check_commands(commands: &[u8]) -> Result<(), Refusal> {
    if commands.is_empty() {
        return Err(Refusal::Short);
    }
    let mut rest = commands;
    for _ in 0..MOST_COMMANDS {
        let (command, behind) = split_command(rest)?;
        if command.number == CONNECT {
            return Err(Refusal::StrayConnect);
        }
        if behind.is_empty() {
            return Ok(());
        }
        rest = behind;
    }
    Err(Refusal::ManyCommands)
}

/// The commands of a datagram, in order.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Commands<'a> {
    type Item = Command<'a>;

    fn next(&mut self) -> Option<Command<'a>> {
        // `classify` has walked the same bytes: what it let pass splits to the end.
        let (command, behind) = split_command(self.rest).ok()?;
        self.rest = behind;
        Some(command)
    }
}

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// 1 acknowledge, 3 verify connect, 4 disconnect, 5 ping, 6 reliable, 7 unreliable, 8 fragment,
    /// 9 unsequenced, 10 bandwidth, 11 throttle, 12 unreliable fragment.
    pub number: u8,
    /// The channel; 255 for the connection itself.
    pub channel: u8,
    /// True when the sender waits for an acknowledgement.
    pub wants_acknowledgement: bool,
    /// The fields behind the 4 bytes that all commands share.
    fields: &'a [u8],
}

impl Command<'_> {
    /// The send time of ours that an acknowledgement carries back.
    pub fn acknowledged_time(&self) -> Option<u16> {
        match (self.number, self.fields) {
            (ACKNOWLEDGE, &[_, _, t0, t1]) => Some(u16::from_be_bytes([t0, t1])),
            _ => None,
        }
    }
}

/// The first command and what follows it. An empty slice is a truncated command.
fn split_command(bytes: &[u8]) -> Result<(Command<'_>, &[u8]), Refusal> {
    let Some((&[command, channel, _, _], behind)) = bytes.split_first_chunk() else {
        return Err(Refusal::Truncated);
    };
    let number = command & 0x0F;
    let form = FORMS[usize::from(number)].ok_or(Refusal::UnknownCommand)?;
    let data_bytes = match form.length_at {
        None => 0,
        Some(at) => match behind.get(at..at + 2) {
            Some(&[l0, l1]) => usize::from(u16::from_be_bytes([l0, l1])),
            _ => return Err(Refusal::Truncated),
        },
    };
    let (fields, rest) = behind
        .split_at_checked(form.field_bytes + data_bytes)
        .ok_or(Refusal::Truncated)?;
    let command = Command {
        number,
        channel,
        wants_acknowledgement: command & FLAG_ACKNOWLEDGE != 0,
        fields,
    };
    Ok((command, rest))
}

/// Round trips of one connection, from its acknowledgements.
///
/// Finer than ENet's own estimate, whose smoothing takes seconds to follow a change: an acknowledgement
/// carries back the send time, in ms, of the very datagram that it answers; remembering when that datagram
/// left gives the rest. Two datagrams of the same millisecond count as the first of them. Includes
/// the client's service delay of some ms.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrips {
    sent: [Option<Sent>; SENT_TIMES],
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    time: u16,
    at_ns: u64,
}

impl RoundTrips {
    /// Nothing sent yet.
    pub const fn new() -> Self {
        Self {
            sent: [None; SENT_TIMES],
            next: 0,
        }
    }

    /// A datagram of ours left for this connection.
    pub fn datagram_sent(&mut self, datagram: &[u8], now_ns: u64) {
        let Some(&[h0, h1, t0, t1]) = datagram.first_chunk() else {
            return;
        };
        let time = u16::from_be_bytes([t0, t1]);
        if u16::from_be_bytes([h0, h1]) & FLAG_SENT_TIME == 0 || self.find(time, now_ns).is_some() {
            return;
        }
        self.sent[self.next] = Some(Sent {
            time,
            at_ns: now_ns,
        });
        self.next = (self.next + 1) % SENT_TIMES;
    }

    /// The round trip in ns that an acknowledgement of this send time proves. A time answers once: what
    /// else was in its datagram is acknowledged with the same time, perhaps later.
    pub fn acknowledged(&mut self, time: u16, now_ns: u64) -> Option<u64> {
        let slot = self.find(time, now_ns)?;
        let sent = self.sent[slot].take()?;
        Some(now_ns.saturating_sub(sent.at_ns))
    }

    fn find(&self, time: u16, now_ns: u64) -> Option<usize> {
        self.sent.iter().position(|sent| {
            sent.is_some_and(|sent| {
                sent.time == time && now_ns.saturating_sub(sent.at_ns) <= LONGEST_ROUND_TRIP_NS
            })
        })
    }
}

impl Default for RoundTrips {
    fn default() -> Self {
        Self::new()
    }
}

/// Limits connection requests of an address to 20 a second, in memory that does not grow.
///
/// An IPv6 client is its /64, of which anyone may use every address. A flood from more addresses than the
/// table has may pass; each of its requests must still carry the data of a waiting session.
#[derive(Clone, Debug)]
pub struct ConnectLimiter {
    sources: Vec<Source>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    network: u128,
    /// When its allowance is whole again, ns: before that some of it is used.
    idle_at_ns: u64,
}

impl ConnectLimiter {
    /// A limiter that has seen nobody; reserves its table at once.
    pub fn new() -> Self {
        Self {
            sources: Vec::with_capacity(SOURCES),
        }
    }

    /// True when a CONNECT from this address may be looked at now.
    pub fn allow(&mut self, address: IpAddr, now_ns: u64) -> bool {
        let network = network(address);
        let known = self
            .sources
            .iter()
            .position(|source| source.network == network);
        let index = known.unwrap_or_else(|| self.slot_for(network, now_ns));
        let source = &mut self.sources[index];
        let idle_at_ns = source.idle_at_ns.max(now_ns);
        if idle_at_ns - now_ns > (CONNECTS_PER_S - 1) * CONNECT_NS {
            return false;
        }
        source.idle_at_ns = idle_at_ns + CONNECT_NS;
        true
    }

    /// A new entry, or the one whose allowance is or will be whole first.
    fn slot_for(&mut self, network: u128, now_ns: u64) -> usize {
        let source = Source {
            network,
            idle_at_ns: now_ns,
        };
        if self.sources.len() < SOURCES {
            self.sources.push(source);
            return self.sources.len() - 1;
        }
        let by_idle = |&(_, source): &(usize, &Source)| source.idle_at_ns;
        let oldest = self.sources.iter().enumerate().min_by_key(by_idle);
        let index = oldest.map_or(0, |(index, _)| index);
        self.sources[index] = source;
        index
    }
}

impl Default for ConnectLimiter {
    fn default() -> Self {
        Self::new()
    }
}

/// What counts as one source: an IPv4 address, also inside IPv6, or an IPv6 /64.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

const CONNECTS_PER_S: u64 = 20;
const CONNECT_NS: u64 = 1_000_000_000 / CONNECTS_PER_S;
/// Addresses told apart: 8 KiB, walked in less than a microsecond.
const SOURCES: usize = 256;

/// Datagrams whose acknowledgement may be on its way: at the few a second that a host sends, 10 s of them.
const SENT_TIMES: usize = 64;
/// Later than this a client has given up.
const LONGEST_ROUND_TRIP_NS: u64 = 10_000_000_000;

const LONGEST_BYTES: usize = 1_200;
const CONNECT_BYTES: usize = 52;
const MOST_COMMANDS: usize = 32;

const PEER_MASK: u16 = 0x0FFF;
const NEW_PEER: u16 = 0x0FFF;
const SESSION_SHIFT: u16 = 12;
const FLAG_COMPRESSED: u16 = 0x4000;
const FLAG_SENT_TIME: u16 = 0x8000;

const ACKNOWLEDGE: u8 = 1;
const CONNECT: u8 = 2;
const FLAG_ACKNOWLEDGE: u8 = 0x80;
const CONNECT_RELIABLE: u8 = CONNECT | FLAG_ACKNOWLEDGE;
const CONNECTION_CHANNEL: u8 = 0xFF;

/// Fields of a command behind the 4 bytes that all share, and where among them the length of its data is.
#[derive(Clone, Copy)]
struct Form {
    field_bytes: usize,
    length_at: Option<usize>,
}

const FORMS: [Option<Form>; 16] = {
    const fn fields(field_bytes: usize) -> Option<Form> {
        Some(Form {
            field_bytes,
            length_at: None,
        })
    }
    const fn data(field_bytes: usize, length_at: usize) -> Option<Form> {
        Some(Form {
            field_bytes,
            length_at: Some(length_at),
        })
    }
    [
        None,
        fields(4),
        fields(44),
        fields(40),
        fields(4),
        fields(0),
        data(2, 0),
        data(4, 2),
        data(20, 2),
        data(4, 2),
        fields(8),
        fields(12),
        data(20, 2),
        None,
        None,
        None,
    ]
};
