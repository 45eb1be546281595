//! A compositor that knows a few words of the protocol and says what a test wants it to say, where a real one
//! cannot be made to.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

/// What capturing needs.
pub const GLOBALS: &[(&str, u32)] = &[
    ("wl_shm", 1),
    ("zwlr_screencopy_manager_v1", 3),
    ("wl_output", 4),
];

/// How it behaves.
#[derive(Clone, Copy)]
pub struct Script {
    pub globals: &'static [(&'static str, u32)],
    /// Bytes to send when a capture is asked for; the argument is the new frame's id.
    pub on_capture: fn(u32) -> Vec<u8>,
}

/// One message: object, opcode, words.
pub fn message(object: u32, opcode: u32, words: &[u32]) -> Vec<u8> {
    let size = 8 + words.len() as u32 * 4;
    let head = [object, size << 16 | opcode];
    head.iter()
        .chain(words)
        .flat_map(|word| word.to_le_bytes())
        .collect()
}

/// `wl_registry.global_remove` of the n-th of the script's globals.
pub fn remove_global(index: u32) -> Vec<u8> {
    message(REGISTRY, 1, &[index + 1])
}

/// A socket in the temporary folder where clients are served one after the other.
pub struct FakeCompositor(PathBuf);

impl FakeCompositor {
    pub fn start(name: &str, mut serve: impl FnMut(UnixStream) + Send + 'static) -> Self {
        let path = std::env::temp_dir().join(format!("pf-fake-{}-{name}", std::process::id()));
        let listener = UnixListener::bind(&path).expect("a fresh path");
        std::thread::spawn(move || listener.incoming().flatten().for_each(&mut serve));
        Self(path)
    }

    pub fn scripted(name: &str, script: Script) -> Self {
        Self::start(name, move |stream| {
            // The client may leave whenever it likes.
            let _ = converse(stream, script);
        })
    }

    pub fn display(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for FakeCompositor {
    fn drop(&mut self) {
        // A few bytes in the temporary folder if it fails.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn converse(mut stream: UnixStream, script: Script) -> std::io::Result<()> {
    let mut manager = 0;
    loop {
        let mut head = [0u8; 8];
        stream.read_exact(&mut head)?;
        let (object, opcode) = (word(&head, 0), word(&head, 4) & 0xffff);
        let mut body = vec![0u8; (word(&head, 4) >> 16) as usize - 8];
        stream.read_exact(&mut body)?;
        match (object, opcode) {
            (DISPLAY, SYNC) => stream.write_all(&message(word(&body, 0), 0, &[0]))?,
            (DISPLAY, _) => {
                for (index, (interface, version)) in script.globals.iter().enumerate() {
                    stream.write_all(&global(index as u32 + 1, interface, *version))?;
                }
            }
            (REGISTRY, _) => {
                let id = word(&body, body.len() - 4);
                match script.globals[word(&body, 0) as usize - 1].0 {
                    "wl_output" => {
                        let mode = message(id, 1, &[1, 640, 360, 60_000]);
                        stream.write_all(&mode)?;
                    }
                    "zwlr_screencopy_manager_v1" => manager = id,
                    _ => {}
                }
            }
            _ if object == manager => stream.write_all(&(script.on_capture)(word(&body, 0)))?,
            _ => {}
        }
    }
}

fn global(name: u32, interface: &str, version: u32) -> Vec<u8> {
    let mut text = interface.as_bytes().to_vec();
    text.push(0);
    let length = text.len() as u32;
    text.resize(text.len().next_multiple_of(4), 0);
    let mut words = vec![name, length];
    words.extend((0..text.len() / 4).map(|index| word(&text, index * 4)));
    words.push(version);
    message(REGISTRY, 0, &words)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

const DISPLAY: u32 = 1;
/// The first id that a client gives away.
const REGISTRY: u32 = 2;
const SYNC: u32 = 0;
