#!/bin/sh
# What of other systems can be had on Linux. See docs/stores.md and CONTRIBUTING.md.
#
#   scripts/cross.sh check    type-check and lint everything for Windows, macOS and static Linux
#   scripts/cross.sh wine     the tests of the Windows stores under wine's Credential Manager
#   scripts/cross.sh windows  the whole program for Windows, on wine's console
#   scripts/cross.sh static   a release binary for Linux that needs no shared library
#
# rustup's standard libraries for other systems may be out of reach, so the standard library is built here, from the sources of
# the very same Rust release: rustup's (`rustup component add rust-src`) or else Debian's from its backports. Where neither
# can be had, this says so and succeeds: a machine without them can still run everything else of `make test`.
set -eu
cd "$(dirname "$0")/.."
say=scripts/say.sh
work=$PWD/target/cross
release=$(rustc --version | cut -d' ' -f2)
sysroot=$(rustc --print sysroot)
toolchain=$work/toolchain-$release

main() {
    case "${1:-}" in
        check) with_sources check ;;
        wine) with_sources wine ;;
        windows) with_sources windows ;;
        static) with_sources static ;;
        *) echo "usage: $0 check|wine|windows|static" >&2; exit 2 ;;
    esac
}

with_sources() {
    mkdir -p "$work"
    if [ -f "$sysroot/lib/rustlib/src/rust/library/Cargo.toml" ]; then
        toolchain=$sysroot
    elif ! reason=$(prepare_toolchain); then
        "$say" "SKIPPED for other systems (cross.sh $1): $reason"
        return 0
    fi
    # Not rustup's proxies, which would choose another toolchain. RUSTC_BOOTSTRAP lets a stable release build the library.
    export PATH="$toolchain/bin:$PATH" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work"
    # Nobody debugs these, and they take room.
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    unset RUSTC RUSTUP_TOOLCHAIN
    "$1"
}

check() {
    # Rust's side of the C libraries is checked, not the C: a compiler for macOS cannot be had everywhere.
    stub=$PWD/scripts/cross/no-cc.sh
    for target in x86_64-pc-windows-gnu aarch64-apple-darwin x86_64-unknown-linux-musl; do
        "$say" "Linting for $target"
        env "CC_$target=$stub" "CXX_$target=$stub" "AR_$target=$stub" "RANLIB_$target=true" AWS_LC_SYS_PREBUILT_NASM=1 \
            cargo clippy --quiet --workspace --lib --bins -Zbuild-std=std,panic_abort --target "$target" -- -D warnings
    done
}

wine() {
    prepare_wine
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="timeout 120 $wine"
    "$say" "Testing the Windows store under wine"
    cargo test --quiet --package aws-vault-keystore -Zbuild-std --target x86_64-pc-windows-gnu \
        --test wincred -- --test-threads=1
}

windows() {
    prepare_wine
    target=x86_64-pc-windows-gnu
    "$say" "Building for Windows (several minutes)"
    AWS_LC_SYS_PREBUILT_NASM=1 cargo build --quiet --bin aws-vault -Zbuild-std=std,panic_abort --target "$target"
    "$say" "Trying it on wine's console"
    python3 tests/wine/console.py "$wine" "$work/$target/debug/aws-vault.exe"
}

# Where wine is, and an environment for it in the directory of what is built.
prepare_wine() {
    wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
    # wine 8 lacks the library that Rust's standard library takes random numbers from.
    dll=$work/wine-path/bcryptprimitives.dll
    mkdir -p "${dll%/*}"
    x86_64-w64-mingw32-gcc -shared -o "$dll" scripts/cross/bcryptprimitives.c -ladvapi32
    # Without the debugger a crash is a crash, and no wait for a person.
    export WINEPREFIX="$work/wine" WINEPATH="${dll%/*}" WINEDEBUG=-all WINEDLLOVERRIDES="winedbg.exe=d;mscoree=d;mshtml=d"
}

static() {
    target=x86_64-unknown-linux-musl
    musl=/usr/lib/x86_64-linux-musl
    # The standard library asks for LLVM's libunwind. GCC's does the same work, but for one function that musl lacks.
    mkdir -p "$work/lib"
    cp "$(cc -print-file-name=libgcc_eh.a)" "$work/lib/libunwind.a"
    musl-gcc -c -o "$work/lib/unwind.o" scripts/cross/unwind.c
    ar r "$work/lib/libunwind.a" "$work/lib/unwind.o"
    # musl-gcc itself cannot link what is static and still loaded at a random address.
    flags="-Clink-self-contained=no -L$work/lib -L$musl -Zpre-link-args=-nostartfiles -Zpre-link-args=$musl/rcrt1.o \
        -Zpre-link-args=$musl/crti.o -Clink-arg=-lc -Clink-arg=-lgcc -Clink-arg=$musl/crtn.o"
    "$say" "Building a static release (several minutes)"
    env "CC_$target=musl-gcc" CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=cc RUSTFLAGS="$flags" \
        cargo build --quiet --release --bin aws-vault -Zbuild-std=std,panic_abort --target "$target"
    "$say" "The binary is $work/$target/release/aws-vault"
}

# A copy of the toolchain that has the library's sources; says why there can be none.
prepare_toolchain() {
    [ -f "$toolchain/complete" ] && return 0
    rm -rf "$toolchain"
    "$say" "Fetching the sources of Rust $release from Debian's backports" >&2
    package=$(fetch_sources) || { echo "$package"; return 1; }
    mkdir -p "$toolchain/lib/rustlib/src"
    # Links where the file system can, else copies.
    for part in bin lib libexec; do
        [ ! -d "$sysroot/$part" ] || cp -al "$sysroot/$part" "$toolchain/" 2>/dev/null || cp -a "$sysroot/$part" "$toolchain/"
    done
    dpkg-deb --extract "$package" "$toolchain/debian"
    ln -s "$toolchain/debian/usr/src/rustc-$release" "$toolchain/lib/rustlib/src/rust"
    rm "$package"
    touch "$toolchain/complete"
}

# The path of Debian's package rust-src of this Rust release, or why there is none.
fetch_sources() {
    command -v apt-get >/dev/null || { echo "no rust-src component, and no apt-get to look for Debian's"; return 1; }
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || { echo "no rust-src component, and no Debian mirror in apt's sources"; return 1; }
    apt=$work/apt
    mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb $mirror trixie-backports main" >"$apt/sources.list"
    private_apt apt-get update >"$apt/log" 2>&1 || { echo "Debian's backports are out of reach, see $apt/log"; return 1; }
    version=$(private_apt apt-cache madison rust-src | awk '{print $3}' | grep "^$release+" | head -1)
    [ -n "$version" ] || { echo "Debian's backports have no rust-src $release"; return 1; }
    (cd "$work" && private_apt apt-get download "rust-src=$version" >>"$apt/log" 2>&1) ||
        { echo "the download of rust-src failed, see $apt/log"; return 1; }
    ls "$work"/rust-src_*.deb
}

# Where this machine gets its own release from, in either format of apt's sources.
debian_mirror() {
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
    {
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/ *\[[^]]*\]//; s/^deb  *//p'
        awk '/^URIs:/ { uri = $2 } /^Suites:/ { for (i = 2; i <= NF; i++) print uri, $i }' /etc/apt/sources.list.d/*.sources 2>/dev/null
    } | awk -v suite="$codename" '$2 == suite { print $1; exit }'
}

# apt with lists and sources of its own; changes nothing of the system's and needs no root.
private_apt() {
    command=$1
    shift
    "$command" -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/sources" \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User= "$@"
}

main "$@"
