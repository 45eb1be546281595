# The three steps from sources to dist/punktfunk-host: engine, elements, executable. A step whose inputs have not
# changed since it last succeeded is left out.
# shellcheck shell=bash

ENGINE="$ROOT/engine/target/release/libpf_ffi.so"
EXECUTABLE="$ROOT/dist/punktfunk-host"
PINS=(package.json package-lock.json tsconfig.json)

build_all() {
  build_engine && build_components && build_executable
}

build_engine() {
  local inputs
  inputs=$(fingerprint "$(cargo --version)" -- engine)
  unchanged engine "$inputs" "$ENGINE" && return 0
  step engine 'Build the engine' cargo_release && remember engine "$inputs"
}

build_components() {
  local inputs
  inputs=$(fingerprint "$("$BUN" --version)" -- components recording contract scripts/build-components.ts scripts/lib/short-packages.ts "${PINS[@]}")
  unchanged components "$inputs" "$ROOT/dist/components" "$ROOT/dist/web" && return 0
  step components 'Build the elements and the page' bun_script scripts/build-components.ts &&
    remember components "$inputs"
}

build_executable() {
  local inputs
  inputs=$(fingerprint "$("$BUN" --version)" -- host recording contract api dist/web dist/components \
    engine/target/release/libpf_ffi.so scripts/build.ts LICENSE-MIT LICENSE-APACHE THIRD-PARTY-NOTICES.md "${PINS[@]}")
  unchanged executable "$inputs" "$EXECUTABLE" && return 0
  step executable 'Build the executable' bun_script scripts/build.ts && remember executable "$inputs"
}

cargo_release() {
  (cd "$ROOT/engine" && cargo build --release --locked -p pf-ffi --target-dir target)
}

bun_script() {
  (cd "$ROOT" && "$BUN" "$@")
}
