# What has to be on the machine: Debian packages and the pinned npm packages. Installs only what is missing, so a
# second run needs no network. Node, npm and cargo are the user's own: asked for, never installed.
# shellcheck shell=bash

# g++ and nasm build the encoder (without nasm it builds too, and runs at half the speed); the rest fetches crates.
BUILD_PACKAGES=(ca-certificates g++ nasm)
# A screen and a compositor to stream, a browser for the page, a decoder and clients that are not ours, a lossy link.
TEST_PACKAGES=(chromium curl ffmpeg fish iproute2 nftables openssl procps python3 python3-venv sway x11-xserver-utils xdotool xvfb zsh)

setup_for_build() {
  require_tools && install_packages "${BUILD_PACKAGES[@]}" && install_npm_packages
}

setup_for_tests() {
  require_tools && install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" && install_npm_packages &&
    install_stock_client && install_prometheus && install_embed_tools
}

require_tools() {
  local tool
  for tool in node npm cargo; do
    command -v "$tool" >/dev/null || fail "$tool is not installed. Debian 12: apt-get install nodejs npm; cargo: https://rustup.rs"
  done
}

# install_packages PACKAGE…: those of them that dpkg does not list as installed.
install_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || {
    echo "  - no dpkg here: install the equivalents of '$*' yourself" >&2
    return 0
  }
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  as_root true || fail "these Debian packages are missing: ${missing[*]}. Install them as root, or install sudo."
  step apt-update 'Read the list of Debian packages' as_root apt-get update -q &&
    step apt-install "Install Debian packages: ${missing[*]}" \
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

# No package's own install script runs, except bun's, which puts the real binary in place of a stub.
install_npm_packages() {
  if npm_is_current; then
    return 0
  fi
  step npm 'Install npm packages as package-lock.json pins them' npm_ci &&
    step bun 'Put the pinned bun in place' node "$ROOT/node_modules/bun/install.js"
}

npm_ci() {
  (cd "$ROOT" && npm ci --ignore-scripts --no-audit --no-fund)
}

# npm writes node_modules/.package-lock.json last, so a newer one means that this lock file was installed to its end.
npm_is_current() {
  local installed="$ROOT/node_modules/.package-lock.json"
  [ -f "$installed" ] && ! [ "$ROOT/package-lock.json" -nt "$installed" ] && "$BUN" --version >/dev/null 2>&1
}

# A stock client's own core, as its Python package carries it: a tool of the tests, never part of what ships.
install_stock_client() {
  local folder="$ROOT/.cache/python" pins="$ROOT/tests/support/requirements.txt"
  [ -f "$folder/pins" ] && cmp -s "$pins" "$folder/pins" && return 0
  step python 'Install the stock client for the tests' stock_client "$folder" "$pins"
}

stock_client() {
  rm -rf "$1" &&
    /usr/bin/python3 -m venv "$1" &&
    "$1/bin/pip" install -q --disable-pip-version-check --no-compile -r "$2" &&
    cp "$2" "$1/pins"
}

# The program without its package: installed, that would start a server on whatever machine the tests run on.
install_prometheus() {
  local folder="$ROOT/.cache/prometheus"
  [ -x "$folder/usr/bin/prometheus" ] && return 0
  command -v apt-get >/dev/null || {
    echo "  - no apt here: with 'prometheus' in the path its tests run too" >&2
    return 0
  }
  step prometheus 'Unpack Prometheus for the tests' unpack_package prometheus "$folder"
}

# A bundler and what else the elements are embedded into, each as its own lock file pins it.
install_embed_tools() {
  local folder done
  for folder in "$ROOT"/tests/embed/tools/*/ "$ROOT/examples/decky/"; do
    done="$ROOT/.cache/embed/${folder#"$ROOT"/tests/embed/tools/}"
    done="${done/"$ROOT/examples"/examples}/node_modules/.lock-that-was-installed"
    cmp -s "$folder/package-lock.json" "$done" || {
      step embed 'Install what the elements are embedded into' "$BUN" "$ROOT/tests/embed/tools.ts"
      return
    }
  done
}

# unpack_package NAME FOLDER: a Debian package's files, beside the system.
unpack_package() {
  local name="$1" folder="$2" work
  work="$(mktemp -d)" || return 1
  if (cd "$work" && { apt-get download -q "$name" || { as_root apt-get update -q && apt-get download -q "$name"; }; }) &&
    rm -rf "$folder" && dpkg-deb -x "$work/$name"_*.deb "$folder"; then
    rm -rf "$work"
  else
    rm -rf "$work" "$folder"
    return 1
  fi
}
