# shellcheck shell=sh
# What script/run and script/test share: messages, and the setting up of a machine. Sourced, not run.
#
# On Debian and its relatives missing packages are installed, as root or through sudo. Elsewhere,
# and without the right to, the script ends with one sentence that names them. Whoever sources this
# has set $root to the project's folder.
: "${root:?}"

say() { printf '%s\n' "$*" >&2; }

# Ends the script: fail STATUS MESSAGE.
fail() {
    fail_status=$1
    shift
    say "$*"
    exit "$fail_status"
}

is_linux() { [ "$(uname -s)" = Linux ]; }

has() { command -v "$1" >/dev/null 2>&1; }

# Whether the dynamic linker finds a library: has_library libX11.so.6. Its cache is asked first; its
# tool lies outside an ordinary user's PATH.
has_library() {
    PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -F -q "$1 ("
}

# Whether Vulkan finds a driver, real or in software.
has_vulkan_driver() {
    [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && return 0
    for manifest in /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json \
        /run/opengl-driver/share/vulkan/icd.d/*.json; do
        [ -e "$manifest" ] && has_library libvulkan.so.1 && return 0
    done
    return 1
}

# Sets $missing to the Debian packages that are lacking, of those for the named purposes:
#   build       a linker
#   runtime     what installs the OpenVINO runtime
#   window      libraries that the window loads when it starts, and a driver to draw with
#   virtual     a display that nobody looks at, and a driver in software
find_missing() {
    missing=
    for purpose in "$@"; do
        case $purpose in
        build)
            has cc || add_missing gcc libc6-dev
            ;;
        runtime)
            has python3 || add_missing python3
            python3 -m pip --version >/dev/null 2>&1 || add_missing python3-pip
            ;;
        window | virtual)
            has_library libX11.so.6 || add_missing libx11-6
            has_library libX11-xcb.so.1 || add_missing libx11-xcb1
            has_library libXcursor.so.1 || add_missing libxcursor1
            has_library libXi.so.6 || add_missing libxi6
            has_library libxkbcommon.so.0 || add_missing libxkbcommon0
            has_library libxkbcommon-x11.so.0 || add_missing libxkbcommon-x11-0
            ;;
        esac
        case $purpose in
        window)
            has_library libwayland-client.so.0 || add_missing libwayland-client0
            # OpenGL will do too, where the machine has it.
            has_vulkan_driver || has_library libEGL.so.1 || add_missing mesa-vulkan-drivers
            ;;
        virtual)
            has Xvfb || add_missing xvfb
            has_vulkan_driver || add_missing mesa-vulkan-drivers
            ;;
        esac
    done
}

add_missing() { missing="$missing $*"; }

# Installs what the named purposes lack, or ends the script and says what is lacking.
set_up() {
    is_linux || return 0
    find_missing "$@"
    [ -n "$missing" ] || return 0
    if ! has apt-get; then
        fail 1 "Please install what these Debian packages hold, under your system's names for them, and try again:$missing"
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif has sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root=sudo
    else
        fail 1 "These packages are missing and installing them needs root: apt-get install$missing"
    fi
    say "Installing:$missing"
    apt_log=$(mktemp)
    # The word lists are meant to split: $missing into packages, $as_root into nothing.
    # shellcheck disable=SC2086
    if $as_root apt-get update >"$apt_log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing >>"$apt_log" 2>&1; then
        rm -f "$apt_log"
        return 0
    fi
    tail -n 20 "$apt_log" >&2
    rm -f "$apt_log"
    fail 1 "apt-get could not install:$missing"
}

# Ends the script unless Rust is there.
need_rust() {
    rust_version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
    has cargo || fail 1 "Rust is missing: install Rust $rust_version or newer (rustup does it) and try again."
}

# Adds cargo's named tools, or ends the script: need_cargo_tools fmt clippy.
need_cargo_tools() {
    for tool in "$@"; do
        "cargo-$tool" --version >/dev/null 2>&1 && continue
        has rustup || fail 1 "cargo $tool is missing: install it beside your Rust and try again."
        say "Installing: cargo $tool"
        case $tool in
        fmt) component=rustfmt ;;
        *) component=$tool ;;
        esac
        rustup component add "$component" || fail 1 "rustup could not add $component."
    done
}

# The folder that cargo builds into, wherever it was told to.
target_folder() {
    cargo metadata --format-version 1 --no-deps --locked --manifest-path "$root/Cargo.toml" |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# Installs the OpenVINO runtime that the tests compare with, unless WEIGHTSCOPE_OPENVINO names one, and
# sets that variable. It is a Python package of libraries; nothing of Python is used.
need_openvino() {
    [ -z "${WEIGHTSCOPE_OPENVINO:-}" ] || return 0
    openvino_version=2026.4.1
    WEIGHTSCOPE_OPENVINO=$(target_folder)/openvino-$openvino_version
    export WEIGHTSCOPE_OPENVINO
    [ ! -d "$WEIGHTSCOPE_OPENVINO/openvino/libs" ] || return 0
    set_up runtime
    say "Installing: the OpenVINO runtime $openvino_version"
    rm -rf "$WEIGHTSCOPE_OPENVINO.new"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --target "$WEIGHTSCOPE_OPENVINO.new" "openvino==$openvino_version" >&2 ||
        fail 1 "pip could not install openvino $openvino_version; WEIGHTSCOPE_OPENVINO can name another one."
    mv "$WEIGHTSCOPE_OPENVINO.new" "$WEIGHTSCOPE_OPENVINO"
}

# Starts an X server that nobody looks at and sets $DISPLAY to it; it ends with the script.
start_virtual_display() {
    xvfb_folder=$(mktemp -d) || fail 1 "No folder for temporary files can be made."
    mkfifo "$xvfb_folder/display"
    Xvfb -displayfd 3 -screen 0 2560x1600x24 -nolisten tcp -noreset 3>"$xvfb_folder/display" >"$xvfb_folder/log" 2>&1 &
    xvfb=$!
    trap stop_virtual_display EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    display_number=
    read -r display_number <"$xvfb_folder/display" || :
    if [ -z "$display_number" ]; then
        cat "$xvfb_folder/log" >&2
        fail 1 "Xvfb did not start."
    fi
    DISPLAY=":$display_number"
    export DISPLAY
    unset WAYLAND_DISPLAY WAYLAND_SOCKET
    # Without one, as in a container, Mesa complains at every start.
    XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$xvfb_folder}
    export XDG_RUNTIME_DIR
}

stop_virtual_display() {
    kill "$xvfb" 2>/dev/null || :
    rm -rf "$xvfb_folder"
}
