#!/usr/bin/env bash
# What the models are verified with: spin, and the C compiler that it needs. Does nothing where both are; otherwise
# installs them with apt-get, in the versions that docs/design/proof.md was written with where the distribution has them.
set -euo pipefail

PINNED=(spin=6.5.2+dfsg-1 gcc=4:12.2.0-3 libc6-dev=)

fail() {
  echo "install-tools.sh: $1" >&2
  exit 1
}

compiles() {
  command -v gcc >/dev/null && echo '#include <stdio.h>' | gcc -fsyntax-only -x c - 2>/dev/null
}

if command -v spin >/dev/null && compiles; then exit 0; fi

command -v apt-get >/dev/null ||
  fail "the models need spin and gcc, and this machine has no apt-get to install them with. Install both and try again."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
    fail "the models need spin and gcc; only root can install them here, and sudo is not allowed without a password. Run: sudo apt-get install spin gcc libc6-dev"
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

apt update || fail "apt-get update failed, so spin and gcc cannot be installed."

packages=()
for pin in "${PINNED[@]}"; do
  package=${pin%%=*} version=${pin#*=}
  if [ -z "$version" ]; then
    packages+=("$package")
  elif apt-cache madison "$package" | awk -F' *[|] *' '{ print $2 }' | grep -xF "$version" >/dev/null; then
    packages+=("$package=$version")
  else
    echo "install-tools.sh: $package $version is not in this distribution; its own is taken." >&2
    packages+=("$package")
  fi
done
# A compiler that is there stays as it is.
if compiles; then packages=("${packages[0]}"); fi

apt install -y --no-install-recommends "${packages[@]}" >/dev/null || fail "apt-get could not install ${packages[*]}."
if ! command -v spin >/dev/null || ! compiles; then fail "spin or gcc does not work although apt-get has installed them."; fi
echo "install-tools.sh: installed ${packages[*]}"
