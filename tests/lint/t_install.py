#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# t_install.py: strangers can use what `make install` puts down, and `make uninstall` takes all of it away.

import os
import shutil
import subprocess
import tempfile

import abi
import lint

IMAGES = ["build/guest-conf.elf", "build/guest-conf.elf32"]
SCRIPT = "images/install.sh"
USER = """#include <faultline/kvm_apf.h>
#include <faultline/kvm_msr.h>
#include <faultline/testhook.h>
static const char *const cases[] = {
#define CONF(clause, name, dialects, needs, text) #clause "." #name ": " text,
#include <faultline/conf.def>
};
int main(void)
{
    struct apf_slot slot = {0, 0, {0}};
    return PV_MSR_APF_EN == 0x4b564d02 && sizeof(slot) == 64 && HOOK_MISS && cases[0][0] == 'A' ? (int)slot.word0 : 1;
}
"""


def run(command, **env):
    return subprocess.run(command, env=dict(os.environ, **env), capture_output=True, text=True, check=False)


def script(name, root, prefix):
    """What the verb of make does once the images are built."""
    return run([SCRIPT, name], DESTDIR=root, PREFIX=prefix)


def make(name, root, prefix):
    """The verb itself."""
    return run(["make", "--no-print-directory", name, "DEPS=no", f"DESTDIR={root}", f"PREFIX={prefix}"], MAKEFLAGS="")


def found(root):
    return sorted(os.path.relpath(os.path.join(folder, f), root) for folder, _, files in os.walk(root) for f in files)


def wanted(prefix):
    below = [f"include/faultline/{os.path.basename(h)}" for h in [*abi.headers(), "common/abi/conf.def"]]
    below += [f"lib/faultline/{os.path.basename(i)}" for i in IMAGES]
    below += ["share/man/man7/faultline-conf.7", "share/pkgconfig/faultline-abi.pc"]
    return sorted(prefix.lstrip("/") + "/" + f for f in below)


def unequal(meant, there):
    return [f"{f} is missing" for f in meant if f not in there] + [f"{f} is there" for f in there if f not in meant]


def pkg_config(root, prefix, word, sysroot):
    said = run(["pkg-config", word, "faultline-abi"], PKG_CONFIG_SYSROOT_DIR=sysroot,
               PKG_CONFIG_PATH=f"{root}{prefix}/share/pkgconfig")
    return said.stdout.strip(), said.stderr.splitlines()


def use(root, prefix):
    """Compile and run a stranger's program with what pkg-config says, as C and as C++."""
    flags, wrong = pkg_config(root, prefix, "--cflags", root)
    if wrong:
        return wrong
    for compiler, suffix in (("gcc -std=c11", ".c"), ("g++ -std=c++17", ".cc")):
        with open(f"{root}/user{suffix}", "w", encoding="utf-8") as f:
            f.write(USER)
        command = f'{compiler} -Wall -Wextra -Werror -pedantic {flags} -o "$ROOT/user" "$ROOT/user{suffix}"'
        built = run(["sh", "-c", command + ' && "$ROOT/user"'], ROOT=root)
        wrong += built.stderr.splitlines() or ([f"status {built.returncode}"] if built.returncode else [])
        os.remove(f"{root}/user{suffix}")
    if os.path.exists(f"{root}/user"):
        os.remove(f"{root}/user")
    image, _ = pkg_config(root, prefix, "--variable=conf_image", "")
    if not os.path.isfile(root + image):
        wrong.append(f"no image at {image}")
    return wrong


def cycle(tap, what, verb, folder, prefix):
    root = os.path.join(tempfile.mkdtemp(), folder)
    first, again = verb("install", root, prefix), verb("install", root, prefix)
    tap.result(f"{what}: installed, twice", first.stderr.splitlines() + again.stderr.splitlines())
    tap.result(f"{what}: just the files that are meant", unequal(wanted(prefix), found(root)))
    if shutil.which("pkg-config"):
        tap.result(f"{what}: a program finds them by pkg-config", use(root, prefix))
    else:
        tap.skip(f"{what}: a program finds them by pkg-config", "no pkg-config")
    gone, twice = verb("uninstall", root, prefix), verb("uninstall", root, prefix)
    left = found(root) + [d for d in ("include", "lib") if os.path.exists(f"{root}{prefix}/{d}/faultline")]
    tap.result(f"{what}: uninstalled, twice, nothing left", gone.stderr.splitlines() + twice.stderr.splitlines() + left)
    shutil.rmtree(os.path.dirname(root))


def refused(name, said, *words):
    """Ends with status 1 and one line that has all the words."""
    lines = said.stderr.splitlines()
    if said.returncode != 1 or len(lines) != 1 or not all(w in lines[0] for w in words):
        yield f"{name}: status {said.returncode}, {lines}"


def bad_input(tap):
    with tempfile.TemporaryDirectory() as folder:
        closed = os.path.join(folder, "closed")
        os.mkdir(closed, 0o555)
        os.chmod(folder, 0o755)
        command = [SCRIPT, "install"]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--clear-groups", *command]
        if os.geteuid() == 0 and run(["setpriv", "--reuid=65534", "--clear-groups", "test", "-x", SCRIPT]).returncode:
            tap.skip("no permission to write: said, with the folder", "others than root cannot reach this tree")
        else:
            said = run(command, DESTDIR=closed, PREFIX="/usr")
            tap.result("no permission to write: said, with the folder",
                       refused("install", said, closed, "Permission denied"))
        plain = os.path.join(folder, "plain")
        with open(plain, "w", encoding="utf-8"):
            pass
        tap.result("a file where a folder should be", refused("install", script("install", plain, "/usr"), plain))
        tap.result("a PREFIX that is no path from the root",
                   refused("install", script("install", folder, "usr"), "PREFIX", "usr"))
        tap.result("a PREFIX that no pkg-config file can hold",
                   refused("install", script("install", folder, '/a"b'), "PREFIX"))
        os.makedirs(f"{folder}/usr/lib/faultline")
        with open(f"{folder}/usr/lib/faultline/alien", "w", encoding="utf-8"):
            pass
        tap.result("files of others stay, and are spoken of",
                   refused("uninstall", script("uninstall", folder, "/usr"), "lib/faultline", "others"))


def manual(tap):
    if not shutil.which("groff"):
        tap.skip("the manual page is well-formed", "no groff")
        return
    said = run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", "docs/faultline-conf.7"])
    tap.result("the manual page is well-formed", said.stderr.splitlines())


def main():
    tap = lint.Tap()
    manual(tap)
    if all(os.path.exists(i) for i in IMAGES):
        cycle(tap, "plain paths", script, "root", "/usr/local")
        cycle(tap, "blanks in paths", make, "a root's", "/opt/our own/fault line")
        bad_input(tap)
    else:
        tap.skip("installing", "the conformance image is not built: make build/guest-conf.elf build/guest-conf.elf32")
    tap.end()


main()
