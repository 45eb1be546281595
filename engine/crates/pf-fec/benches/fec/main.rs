//! How fast parity is computed, as ratios within one run: to the classic row-by-row kernel with the same
//! instructions, and to memcpy of the data.
//!
//! `cargo bench -p pf-fec` prints a table, then what is required and what is aimed at; with `-- --json` only
//! what is required, one object a line.
//! Blocks lie hot in L2, back to back from a 64-byte boundary unless the shape says otherwise. Contenders take
//! turns (A B C A B C …), nothing but their calls is timed, and the median of each counts.

mod row_by_row;

use std::hint::black_box;
use std::time::Instant;

use pf_fec::{BlockLayout, Kernel, encode};

fn main() {
    let json = std::env::args().any(|arg| arg == "--json");
    let kernels: Vec<Kernel> = Kernel::available().collect();
    let results: Vec<Timing> = SHAPES
        .iter()
        .flat_map(|shape| kernels.iter().map(|&kernel| measure(kernel, *shape)))
        .collect();
    if !json {
        print_table(&results);
    }
    for kernel in kernels {
        let goal = Goal {
            kernel,
            shape: shape(40, 8, 1408),
            anchor: Anchor::RowByRow,
            target: REQUIRED_OVER_ROW_BY_ROW,
        };
        if let Some(ratio) = goal.ratio(&results) {
            if json {
                goal.print_json(ratio);
            } else {
                goal.print("required", ratio);
            }
        }
    }
    if !json {
        for goal in AIMS {
            match goal.ratio(&results) {
                Some(ratio) => goal.print("aim", ratio),
                None => println!("{} skipped: no such kernel here", goal.name()),
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Shape {
    data: usize,
    parity: usize,
    shard_bytes: usize,
    /// Distance of the first shard from a 64-byte boundary.
    start: usize,
}

/// Medians of one shape, in nanoseconds a block.
struct Timing {
    kernel: Kernel,
    shape: Shape,
    ours_ns: f64,
    row_by_row_ns: f64,
    memcpy_ns: f64,
}

impl Timing {
    fn gigabytes_per_second(&self) -> f64 {
        (self.shape.data * self.shape.shard_bytes) as f64 / self.ours_ns
    }
}

fn measure(kernel: Kernel, shape: Shape) -> Timing {
    let layout = BlockLayout {
        data: shape.data,
        parity: shape.parity,
        shard_bytes: shape.shard_bytes,
        stride_bytes: shape.shard_bytes,
    };
    let mut ours = Buffer::new(layout.needed_bytes(), shape.start);
    let mut theirs = Buffer::new(layout.needed_bytes(), shape.start);
    let from = Buffer::new(shape.data * shape.shard_bytes, shape.start);
    let mut to = Buffer::new(shape.data * shape.shard_bytes, shape.start);

    let encode_ours = |block: &mut [u8]| encode(kernel, block, layout).expect("a valid layout");
    let encode_theirs = |block: &mut [u8]| row_by_row::encode(kernel, block, layout);
    encode_ours(ours.bytes());
    encode_theirs(theirs.bytes());
    assert!(
        ours.bytes() == theirs.bytes(),
        "the anchor computes the same parity"
    );

    let ours = &mut || encode_ours(black_box(ours.bytes()));
    let theirs = &mut || encode_theirs(black_box(theirs.bytes()));
    let memcpy = &mut || black_box(to.bytes()).copy_from_slice(black_box(from.as_bytes()));
    let [ours_ns, row_by_row_ns, memcpy_ns] = medians_in_turns([ours, theirs, memcpy]);
    Timing {
        kernel,
        shape,
        ours_ns,
        row_by_row_ns,
        memcpy_ns,
    }
}

/// Median nanoseconds of one call of each contender.
fn medians_in_turns<const COUNT: usize>(contenders: [&mut dyn FnMut(); COUNT]) -> [f64; COUNT] {
    let mut contenders = contenders.map(|call| {
        let calls = (SAMPLE_NS / nanoseconds_per_call(call, 3)).clamp(1.0, 1e6) as u32;
        (call, calls, Vec::with_capacity(SAMPLES))
    });
    for _ in 0..SAMPLES {
        for (call, calls, samples) in &mut contenders {
            samples.push(nanoseconds_per_call(call, *calls));
        }
    }
    contenders.map(|(_, _, mut samples)| {
        samples.sort_by(f64::total_cmp);
        samples[SAMPLES / 2]
    })
}

fn nanoseconds_per_call(call: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Touched pages with something in them, at a chosen distance from a 64-byte boundary.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    fn new(length: usize, start: usize) -> Self {
        let mut bytes = vec![0; length + start + 64];
        let start = bytes.as_ptr().align_offset(64) + start;
        bytes.truncate(start + length);
        for (i, byte) in bytes[start..].iter_mut().enumerate() {
            *byte = ((i * 167) >> 3) as u8;
        }
        Self { bytes, start }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

fn print_table(results: &[Timing]) {
    println!(
        "{:>7} {:>6} {:>6}  {:8} {:>9} {:>7} {:>12} {:>9}",
        "shape", "bytes", "start", "kernel", "us/block", "GB/s", "x row-by-row", "x memcpy"
    );
    for result in results {
        let Shape {
            data,
            parity,
            shard_bytes,
            start,
        } = result.shape;
        println!(
            "{:>7} {:>6} {:>6}  {:8} {:>9.2} {:>7.2} {:>12.2} {:>9.3}",
            format!("{data}+{parity}"),
            shard_bytes,
            start,
            result.kernel.name(),
            result.ours_ns / 1000.0,
            result.gigabytes_per_second(),
            result.row_by_row_ns / result.ours_ns,
            result.memcpy_ns / result.ours_ns,
        );
    }
}

/// A ratio that must not be below its target.
struct Goal {
    kernel: Kernel,
    shape: Shape,
    anchor: Anchor,
    target: f64,
}

#[derive(Clone, Copy)]
enum Anchor {
    /// The row-by-row kernel with the same instructions, on the same shape.
    RowByRow,
    /// memcpy of the data shards.
    Memcpy,
    /// This kernel per byte on another shape.
    Itself(Shape),
}

impl Goal {
    fn ratio(&self, results: &[Timing]) -> Option<f64> {
        let find = |shape| {
            results
                .iter()
                .find(|result| result.kernel == self.kernel && result.shape == shape)
        };
        let result = find(self.shape)?;
        Some(match self.anchor {
            Anchor::RowByRow => result.row_by_row_ns / result.ours_ns,
            Anchor::Memcpy => result.memcpy_ns / result.ours_ns,
            Anchor::Itself(shape) => {
                result.gigabytes_per_second() / find(shape)?.gigabytes_per_second()
            }
        })
    }

    fn name(&self) -> String {
        let Shape {
            data,
            parity,
            shard_bytes,
            ..
        } = self.shape;
        let anchor = match self.anchor {
            Anchor::RowByRow => "row-by-row".to_owned(),
            Anchor::Memcpy => "memcpy".to_owned(),
            Anchor::Itself(shape) => format!("{}", shape.shard_bytes),
        };
        format!(
            "fec {data}+{parity}x{shard_bytes} {} over {anchor}",
            self.kernel.name()
        )
    }

    fn print(&self, kind: &str, ratio: f64) {
        let (name, target) = (self.name(), self.target);
        let verdict = if ratio >= target { "ok" } else { "MISSED" };
        println!("{kind:8} {name:45} {ratio:>7.2} of {target:<5} {verdict}");
    }

    fn print_json(&self, ratio: f64) {
        let (name, target) = (self.name(), self.target);
        let ok = ratio >= target;
        println!(r#"{{"name":"{name}","ratio":{ratio:.3},"target":{target},"ok":{ok}}}"#);
    }
}

const fn shape(data: usize, parity: usize, shard_bytes: usize) -> Shape {
    Shape {
        data,
        parity,
        shard_bytes,
        start: 0,
    }
}

/// Block shapes of GameStream: 1392-byte packets give 1408-byte shards, 1376 give 1392, 1024 give 1040.
const SHAPES: [Shape; 12] = [
    shape(8, 2, 1408),
    shape(15, 3, 1408),
    shape(20, 4, 1408),
    shape(25, 5, 1408),
    shape(40, 8, 1408),
    Shape {
        start: 16,
        ..shape(40, 8, 1408)
    },
    shape(40, 8, 1392),
    shape(40, 8, 1040),
    shape(80, 16, 1408),
    shape(100, 20, 1408),
    shape(200, 40, 1408),
    shape(200, 40, 1392),
];

/// What every kernel must reach at 40+8 x 1408.
const REQUIRED_OVER_ROW_BY_ROW: f64 = 2.0;

/// Goals G2, G3 and G5 of the performance design, which were set on a Zen 5: aimed at, not required.
const AIMS: [Goal; 10] = {
    const fn goal(kernel: Kernel, shape: Shape, anchor: Anchor, target: f64) -> Goal {
        Goal {
            kernel,
            shape,
            anchor,
            target,
        }
    }
    [
        goal(Kernel::Gfni512, shape(40, 8, 1408), Anchor::RowByRow, 4.0),
        goal(Kernel::Gfni512, shape(100, 20, 1408), Anchor::RowByRow, 7.0),
        goal(
            Kernel::Gfni512,
            shape(200, 40, 1408),
            Anchor::RowByRow,
            12.0,
        ),
        goal(Kernel::Gfni512, shape(40, 8, 1408), Anchor::Memcpy, 0.42),
        goal(Kernel::Gfni512, shape(100, 20, 1408), Anchor::Memcpy, 0.30),
        goal(Kernel::Gfni512, shape(200, 40, 1408), Anchor::Memcpy, 0.26),
        goal(
            Kernel::Gfni512,
            shape(40, 8, 1392),
            Anchor::Itself(shape(40, 8, 1408)),
            0.87,
        ),
        goal(Kernel::Gfni256, shape(40, 8, 1408), Anchor::RowByRow, 2.0),
        goal(Kernel::Avx2, shape(40, 8, 1408), Anchor::RowByRow, 1.5),
        goal(Kernel::Avx2, shape(200, 40, 1408), Anchor::RowByRow, 4.0),
    ]
};

/// Samples of each contender, and how long one should take: long against the clock's 20 ns.
const SAMPLES: usize = 41;
const SAMPLE_NS: f64 = 40_000.0;
