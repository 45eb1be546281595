//! What a frame pays when nothing measures, read off the machine code of a release: one load, no call.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The instructions of `pf_probe_frame` in order: address, mnemonic, operands.
type Code = Vec<(u64, String, String)>;

#[test]
fn with_everything_off_a_frame_pays_one_load_and_no_call() {
    if !cfg!(target_arch = "x86_64") {
        eprintln!("skipped: this reads x86-64 code");
        return;
    }
    if Command::new("objdump").arg("--version").output().is_err() {
        eprintln!("skipped: there is no objdump; it comes with binutils");
        return;
    }
    let folder = Folder::new();
    let code = compile_and_read(&folder.0);
    let path = closed_path(&code);
    let text: Vec<String> = path
        .iter()
        .map(|(_, mnemonic, operands)| format!("{mnemonic} {operands}"))
        .collect();
    let listing = text.join("\n");
    assert!(
        !path
            .iter()
            .any(|(_, mnemonic, _)| mnemonic.starts_with("call")),
        "a call:\n{listing}"
    );
    assert!(
        !path
            .iter()
            .any(|(_, mnemonic, operands)| mnemonic.starts_with("lock")
                || mnemonic.starts_with("xchg")
                || mnemonic.contains("fence")
                || operands.contains("lock")),
        "more than a relaxed load:\n{listing}"
    );
    let memory = path
        .iter()
        .filter(|(_, mnemonic, operands)| {
            operands.contains('(')
                && !operands.contains("%rsp")
                && mnemonic != "lea"
                && mnemonic != "nop"
        })
        .count();
    assert_eq!(memory, 1, "the gate is the only memory touched:\n{listing}");
    assert!(path.len() <= 12, "{} instructions:\n{listing}", path.len());
    assert!(
        code.iter()
            .any(|(_, mnemonic, _)| mnemonic.starts_with("call")),
        "an open gate does read the clock, or the wrong function was read"
    );
}

/// The way from entry to return that a closed gate takes: at the first branch, which asks the gate, the side that calls
/// nothing; there must be no branch after it.
fn closed_path(code: &Code) -> Code {
    let at = |address: u64| code.iter().position(|(other, ..)| *other == address);
    let branch = code
        .iter()
        .position(|(_, mnemonic, _)| mnemonic.starts_with('j') && mnemonic != "jmp")
        .expect("a branch on the gate");
    let target = u64::from_str_radix(code[branch].2.split(' ').next().unwrap_or(""), 16)
        .ok()
        .and_then(at)
        .expect("a branch inside the function");
    let straight = |mut from: usize| {
        let mut way = Vec::new();
        loop {
            let (_, mnemonic, operands) = &code[from];
            way.push(code[from].clone());
            match mnemonic.as_str() {
                "ret" => return Some(way),
                "jmp" => {
                    let address = operands.split(' ').next().unwrap_or("");
                    from = u64::from_str_radix(address, 16).ok().and_then(at)?;
                }
                _ if mnemonic.starts_with('j') || mnemonic.starts_with("call") => return None,
                _ => from += 1,
            }
            if from >= code.len() || way.len() > code.len() {
                return None;
            }
        }
    };
    let rest = straight(branch + 1)
        .or_else(|| straight(target))
        .unwrap_or_else(|| panic!("neither side of the first branch is free of calls: {code:#?}"));
    code[..=branch].iter().cloned().chain(rest).collect()
}

fn compile_and_read(folder: &Path) -> Code {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compile = |source: PathBuf, more: &[&str]| {
        let mut command = Command::new(&rustc);
        // As [profile.release] has it, but for the link.
        command.args([
            "--edition",
            "2024",
            "-C",
            "opt-level=3",
            "-C",
            "codegen-units=1",
        ]);
        succeeded(
            command
                .args(more)
                .arg(source)
                .arg("--out-dir")
                .arg(folder)
                .output(),
        );
    };
    compile(
        here.join("src/lib.rs"),
        &[
            "--crate-name",
            "pf_stats",
            "--crate-type",
            "rlib",
            "--emit",
            "metadata,link",
        ],
    );
    let library = format!("pf_stats={}", folder.join("libpf_stats.rlib").display());
    compile(
        here.join("tests/probe/frame.rs"),
        &["--emit", "obj", "--extern", &library],
    );
    let object = folder.join("frame.o");
    let mut objdump = Command::new("objdump");
    objdump.args(["-d", "--no-show-raw-insn", "--disassemble=pf_probe_frame"]);
    let output = succeeded(objdump.arg(object).output());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(instruction).collect()
}

/// `  12:\tcmpb   $0x0,(%rdi)` is one; labels and headings are none.
fn instruction(line: &str) -> Option<(u64, String, String)> {
    let (address, rest) = line.trim_start().split_once(":\t")?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let (mnemonic, operands) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    Some((address, mnemonic.to_owned(), operands.trim().to_owned()))
}

fn succeeded(output: std::io::Result<Output>) -> Output {
    let output = output.expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    output
}

/// A temporary folder, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("pf-gate-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
