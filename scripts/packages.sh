# Installs missing Debian packages. For sourcing by the other scripts.

build_packages="g++ cmake ninja-build ccache libasio-dev libspdlog-dev libjemalloc-dev libssl-dev liblzf-dev liblua5.1-0-dev"

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need PACKAGE...: installs those that are missing with apt-get; a service that comes with a
# package is not started.
need() {
  local missing=() as_root=()
  local package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "These packages are missing, and there is no apt-get: ${missing[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing: ${missing[*]}. Install them as root." >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq </dev/null >&2 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >&2
}

# build PRESET [TARGET...]: configures if necessary, and builds.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" >"$root/build-$preset.log" 2>&1 || {
    cat "$root/build-$preset.log" >&2
    return 1
  }
  rm -f "$root/build-$preset.log"
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2
}
