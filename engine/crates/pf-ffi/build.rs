//! Links the C++ runtime of the built-in encoder into the library, so that it loads on a machine without
//! libstdc++. A folder that holds the archive alone is searched first; without a `g++` to ask where the
//! archive lies, the library links the shared one as ever (tests/arch/native-imports.test.ts would tell).

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return;
    };
    if let Some(archive) = static_runtime() {
        let link = out.join("libstdc++.a");
        // A link of an earlier compiler may stand there; that it may not is no error.
        let _ = fs::remove_file(&link);
        match symlink(&archive, &link) {
            Ok(()) => println!("cargo:rustc-link-search=native={}", out.display()),
            Err(error) => println!("cargo:warning=libstdc++ is not linked statically: {error}"),
        }
    }
}

/// Where the compiler that builds the encoder keeps `libstdc++.a`; it answers the bare name when it has none.
fn static_runtime() -> Option<PathBuf> {
    let compiler = env::var_os("CXX").unwrap_or_else(|| "g++".into());
    let answer = Command::new(compiler)
        .arg("-print-file-name=libstdc++.a")
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
    (path.is_absolute() && path.exists()).then_some(path)
}
